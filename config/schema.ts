/**
 * Every key of the configuration, as one table. All defaults together are the first run: synthetic camera, the bundle
 * that comes with the package, a broker and an OPC UA server of our own on loopback.
 * A key that is not read by the daemon does not belong here.
 */
import { choiceKey, type Key, pathKey } from './key.ts';
import { camera } from './sections/camera.ts';
import { depthCamera } from './sections/depth-camera.ts';
import { evidence } from './sections/evidence.ts';
import { inference } from './sections/inference.ts';
import { journal } from './sections/journal.ts';
import { line } from './sections/line.ts';
import { mqtt } from './sections/mqtt.ts';
import { opcua } from './sections/opcua.ts';
import { output } from './sections/output.ts';
import { pairing } from './sections/pairing.ts';
import { plc } from './sections/plc.ts';
import { recipes } from './sections/recipes.ts';
import { registration } from './sections/registration.ts';
import { start } from './sections/start.ts';

export const schema = {
  line,
  recipes,
  camera,
  depthCamera,
  pairing,
  registration,
  inference,
  mqtt,
  opcua,
  plc,
  output,
  journal,
  evidence,
  start,
  stateDir: pathKey({
    doc: 'Folder of everything that must outlive the process: journal, last good bundle, evidence.',
    default: './state',
    takes: 'restart',
  }),
  stateCopyDir: pathKey({
    doc:
      'Folder of the second copies of what must not be lost: highest sequence, OPC UA key and certificate, users, ' +
      'commands in force. Another disk is best; empty for `copy` in the state folder.',
    default: '',
    takes: 'restart',
  }),
  log: {
    level: choiceKey({
      doc: 'Least severity that is logged; `debug` adds stacks to errors.',
      values: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      takes: 'live',
    }),
  },
};

type ConfigOf<S> = { readonly [K in keyof S]: S[K] extends Key<infer T> ? T : ConfigOf<S[K]> };

/** The whole configuration, as the daemon reads it: complete, checked, frozen. */
export type Config = ConfigOf<typeof schema>;

/** A branch of the schema: keys and further branches. */
export interface Section {
  readonly [name: string]: Key | Section;
}

export function isKey(node: Key | Section): node is Key {
  return typeof node['accepts'] === 'function';
}

/** Every key by its dotted path, in the order of the table. */
export const keys: ReadonlyMap<string, Key> = new Map(flatten(schema as unknown as Section, ''));

function flatten(section: Section, prefix: string): [string, Key][] {
  return Object.entries(section).flatMap(([name, node]): [string, Key][] =>
    isKey(node) ? [[`${prefix}${name}`, node]] : flatten(node, `${prefix}${name}.`),
  );
}

/** `line.deadlineMs` -> `TWINSPECT_LINE_DEADLINE_MS`. */
export function environmentName(path: string): string {
  return `TWINSPECT_${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}
