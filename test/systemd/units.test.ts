import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../architecture/source.ts';

const folder = join(root, 'deploy', 'systemd');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const units = readdirSync(folder).filter((name) => /\.(?:service|target)$|^devices\.conf$/.test(name));

/** `Section.Directive` of each line, with its value. */
function directives(text: string): [string, string][] {
  let section = '';
  return text.split('\n').flatMap((line): [string, string][] => {
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    return key === undefined ? [] : [[`${section}.${key}`, value!]];
  });
}

/**
 * What the units use, each with the release of systemd that brought it (its NEWS file). Ubuntu 22.04 and JetPack 6 have
 * 249; Debian's 252 cannot prove it. A directive that is not here has to be looked up first.
 */
const since: Readonly<Record<string, number>> = {
  ...of('Unit', { Description: 1, Documentation: 1, PartOf: 187, Wants: 1, After: 1, StartLimitIntervalSec: 230 }),
  ...of('Install', { WantedBy: 38 }),
  ...of('Service', {
    ...{ Type: 1, NotifyAccess: 6, ExecStart: 1, ExecReload: 1, StandardOutput: 1, StandardError: 1 },
    ...{
      SyslogIdentifier: 1,
      User: 1,
      Group: 1,
      SupplementaryGroups: 1,
      WorkingDirectory: 1,
      Environment: 1,
      UMask: 1,
    },
    ...{ StateDirectory: 235, StateDirectoryMode: 235, RuntimeDirectory: 211, RuntimeDirectoryMode: 211 },
    ...{ ConfigurationDirectory: 235, ConfigurationDirectoryMode: 235, Restart: 1, RestartSec: 1 },
    ...{ RestartPreventExitStatus: 189, TimeoutStartSec: 188, TimeoutStopSec: 188, WatchdogSec: 183 },
    ...{ WatchdogSignal: 240, KillMode: 1, OOMPolicy: 243, OOMScoreAdjust: 1, Nice: 1, LimitNOFILE: 1 },
    ...{ LimitMEMLOCK: 1, LimitCORE: 1, NoNewPrivileges: 187, CapabilityBoundingSet: 1, AmbientCapabilities: 229 },
    ...{ ProtectSystem: 214, ProtectHome: 214, PrivateTmp: 1, PrivateDevices: 209, PrivateUsers: 232 },
    ...{ DevicePolicy: 208, DeviceAllow: 208, ProtectKernelTunables: 232, ProtectKernelModules: 232 },
    ...{ ProtectKernelLogs: 244, ProtectControlGroups: 232, ProtectClock: 245, ProtectHostname: 242 },
    ...{ ProtectProc: 247, RestrictNamespaces: 233, RestrictRealtime: 231, RestrictSUIDSGID: 242 },
    ...{ RestrictAddressFamilies: 211, LockPersonality: 235, RemoveIPC: 232, SystemCallArchitectures: 209 },
    ...{ SystemCallFilter: 187, SystemCallErrorNumber: 209 },
  }),
};
const newest = 249;

function of(section: string, names: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(names).map(([name, version]) => [`${section}.${name}`, version]));
}

test('no directive is newer than systemd 249', () => {
  const used = units.flatMap((name) => directives(read(name)).map(([directive]) => directive));
  expect(used.filter((directive) => !(since[directive]! <= newest))).toEqual([]);
  expect(Object.keys(since).filter((directive) => !used.includes(directive))).toEqual([]);
});

test('the daemon itself is the main process, notified and watched; what kills Node is off', () => {
  const service = new Map(directives(read('twinspect@.service')));
  const value = (name: string): string | undefined => service.get(`Service.${name}`);
  expect(value('ExecStart')).toMatch(/\/bin\/node \S+\/daemon\/main\.ts run --config \/etc\/twinspect\/%i\.yaml$/);
  expect([value('Type'), value('NotifyAccess')]).toEqual(['notify', 'main']);
  expect(Number(value('WatchdogSec'))).toBeGreaterThan(0);
  expect(service.has('Service.MemoryDenyWriteExecute')).toBe(false);
  expect(value('TimeoutStartSec')).toBe('240');
});
