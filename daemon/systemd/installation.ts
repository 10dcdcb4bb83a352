/**
 * What "twinspect service install" puts on a machine, as a plan: files with their text, and the programs that make
 * users, folders and links of them. Pure; each file comes from deploy/systemd, with this installation's paths in it.
 */
import { join } from 'node:path';
import { fail } from '../../errors.ts';

/** Where this installation is, and the Node that runs it. */
export interface Installed {
  readonly packageRoot: string;
  readonly node: string;
}

export interface InstallWish extends Installed {
  /** Instances: each is the name of its configuration in /etc/twinspect. */
  readonly lines: readonly string[];
  /** USB cameras, GPIO and GPU are opened to these lines. */
  readonly devices: boolean;
  /** By the name the configuration calls it: `credential:NAME`. The values are root's files. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** One step, in the order it is done. `say` is for people. */
export type InstallStep =
  | { readonly kind: 'write'; readonly path: string; readonly text: string; readonly say: string }
  | { readonly kind: 'keep'; readonly path: string; readonly text: string; readonly say: string }
  | { readonly kind: 'remove'; readonly path: string; readonly say: string }
  | Call;

/** A program of the machine. Where it `mayFail` the lines work without it, and what it said is shown. */
export interface Call {
  readonly kind: 'call';
  readonly program: string;
  readonly args: readonly string[];
  readonly say: string;
  readonly mayFail: boolean;
}

/** Reads a file of deploy/systemd. */
export type ReadTemplate = (name: string) => Promise<string>;

const unitFolder = '/etc/systemd/system';
const unitName = 'twinspect@.service';
const targetName = 'twinspect.target';

/** Of the machine rather than of a line: template -> where it goes. */
const machineFiles: Readonly<Record<string, { readonly path: string; readonly say: string }>> = {
  'twinspect.sysusers.conf': { path: '/etc/sysusers.d/twinspect.conf', say: 'the user of the lines' },
  'twinspect.tmpfiles.conf': { path: '/etc/tmpfiles.d/twinspect.conf', say: 'folders of configuration and state' },
  '70-twinspect.rules': { path: '/etc/udev/rules.d/70-twinspect.rules', say: 'access to USB cameras and GPIO' },
  '70-twinspect-cameras.sysctl.conf': {
    path: '/etc/sysctl.d/70-twinspect-cameras.conf',
    say: 'socket buffers for GigE cameras',
  },
  'twinspect.journald.conf': { path: '/etc/systemd/journald.conf.d/twinspect.conf', say: 'limits of the journal' },
  [unitName]: { path: `${unitFolder}/${unitName}`, say: 'the unit of a line' },
  [targetName]: { path: `${unitFolder}/${targetName}`, say: 'the target of all lines' },
};

/** A configuration to begin with: the first run, as a service. */
const firstConfiguration =
  '# See docs/config.md; "twinspect config check --config FILE" checks it.\nline:\n  id: LINE\n';

/** What the unit hides (ProtectHome=, PrivateTmp=): a service from there could not read itself. */
const hidden = /^\/(?:home|root|run\/user|tmp|var\/tmp)(?:\/|$)/;

/** Throws `service/line` or `service/place`. */
export async function installSteps(wish: InstallWish, template: ReadTemplate): Promise<InstallStep[]> {
  const { lines, devices, credentials, packageRoot } = wish;
  for (const line of lines) checkInstance(line);
  if (hidden.test(packageRoot)) throw fail('service/place', { path: packageRoot });
  const steps: InstallStep[] = [];
  for (const [name, { path, say }] of Object.entries(machineFiles)) {
    steps.push({ kind: 'write', path, text: placed(await template(name), wish), say });
  }
  steps.push(call('systemd-sysusers', ['/etc/sysusers.d/twinspect.conf'], 'make the user'));
  steps.push(call('systemd-tmpfiles', ['--create', '/etc/tmpfiles.d/twinspect.conf'], 'make the folders'));
  for (const line of lines) {
    const text = firstConfiguration.replace('LINE', line);
    steps.push({ kind: 'keep', path: configurationOf(line), text, say: `the configuration of ${line}` });
    if (devices) {
      const text = await template('devices.conf');
      steps.push({ kind: 'write', path: dropIn(line, 'devices'), text, say: `devices for ${line}` });
    }
    if (Object.keys(credentials).length > 0) {
      const text = credentialsText(credentials);
      steps.push({ kind: 'write', path: dropIn(line, 'credentials'), text, say: `credentials of ${line}` });
    }
  }
  steps.push(call('systemctl', ['daemon-reload'], 'read the units'));
  const { path: buffers } = machineFiles['70-twinspect-cameras.sysctl.conf']!;
  // A container has neither devices nor sockets' limits of its own.
  steps.push(attempt('systemctl', ['try-restart', 'systemd-journald.service'], 'take the limits of the journal over'));
  steps.push(attempt('sysctl', ['--quiet', '--load', buffers], 'set the socket buffers'));
  steps.push(attempt('udevadm', ['control', '--reload'], 'read the rules of devices'));
  steps.push(call('systemctl', ['enable', targetName, ...lines.map(unitOf)], 'start them with the machine'));
  return steps;
}

/**
 * State, configuration, credentials and the user stay: they are the site's. What all lines share goes with the last
 * one; `others` are those that stay installed.
 */
export function removeSteps(lines: readonly string[], others: readonly string[]): InstallStep[] {
  for (const line of lines) checkInstance(line);
  const last = others.length === 0;
  const units = [...lines.map(unitOf), ...(last ? [targetName] : [])];
  const dropIns = lines.flatMap((line) => ['devices', 'credentials'].map((name) => dropIn(line, name)));
  const files = [...dropIns, ...(last ? Object.values(machineFiles).map(({ path }) => path) : [])];
  return [
    call('systemctl', ['disable', '--now', ...units], 'stop them, and start them no more'),
    ...files.map((path): InstallStep => ({ kind: 'remove', path, say: 'written by "service install"' })),
    call('systemctl', ['daemon-reload'], 'read the units'),
  ];
}

/** The lines that start with the machine, by the links in its target's folder. */
export function linesIn(names: readonly string[]): string[] {
  return names.flatMap((name) => /^twinspect@(.+)\.service$/.exec(name)?.[1] ?? []);
}

/** Where `systemctl enable` links the lines. */
export const wantsFolder = `${unitFolder}/${targetName}.wants`;

export function unitOf(line: string): string {
  return `twinspect@${line}.service`;
}

export function configurationOf(line: string): string {
  return `/etc/twinspect/${line}.yaml`;
}

/** The paths of the templates are those of a release; here they become this installation's. */
function placed(text: string, { packageRoot, node }: Installed): string {
  return text.replaceAll('/opt/twinspect/current/bin/node', node).replaceAll('/opt/twinspect/current', packageRoot);
}

function dropIn(line: string, name: string): string {
  return join(unitFolder, `${unitOf(line)}.d`, `${name}.conf`);
}

function credentialsText(credentials: InstallWish['credentials']): string {
  const rows = Object.entries(credentials).map(([name, file]) => `LoadCredential=${name}:${file}`);
  return ['# Secrets of this line: root reads the files, the service alone sees them.', '[Service]', ...rows, ''].join(
    '\n',
  );
}

/** An instance becomes a path, a unit's name and a folder. */
function checkInstance(line: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(line)) throw fail('service/line', { line });
}

function call(program: string, args: readonly string[], say: string): Call {
  return { kind: 'call', program, args, say, mayFail: false };
}

function attempt(program: string, args: readonly string[], say: string): Call {
  return { ...call(program, args, say), mayFail: true };
}
