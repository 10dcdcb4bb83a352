/**
 * Every key of the configuration, as one table. All defaults together are the first run: synthetic camera, the bundle
 * that comes with the package, a broker and an OPC UA server of our own on loopback.
 * A key that is not read by the daemon does not belong here.
 */
import { choiceKey, type Key, numberKey, pathKey, switchKey, textKey, wholeKey } from './key.ts';

/** Starts a bundle path that names a bundle shipped with the package instead of a folder of the operator. */
export const shippedPrefix = 'shipped:';

/** Ids become topic levels, node ids and file names: letters, digits and - _ . only. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const idExpected = 'a name of 1 to 64 letters, digits, "-", "_", ".", beginning with a letter or digit';

const loopbackExpected = 'an address of this machine alone: 127.0.0.1, ::1 or localhost';
const loopbackPattern = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

const urlExpected = 'mqtt://HOST or mqtt://HOST:PORT without user or password, or empty for the embedded broker';
const urlPattern = /^$|^mqtt:\/\/[^\s/@?#]+\/?$/;

const line = {
  id: textKey({
    doc: 'Name of this line; topics, node ids and the journal are keyed by it.',
    default: 'line1',
    expected: idExpected,
    matches: idPattern,
    takes: 'restart',
  }),
  product: textKey({
    doc: 'The product the line makes now; a bundle taught for another product is refused.',
    default: 'first-run',
    expected: idExpected,
    matches: idPattern,
    takes: 'between parts',
  }),
  bundle: pathKey({
    doc:
      `The bundle that judges: a folder NAME@VERSION, or \`${shippedPrefix}NAME@VERSION\` for one that comes ` +
      'with Twinspect. A new bundle is loaded and checked beside the old one, which goes on judging if the new ' +
      'one is refused.',
    default: `${shippedPrefix}first-run@1.0.0`,
    expected: `a path, or ${shippedPrefix}NAME@VERSION`,
    takes: 'between parts',
  }),
  deadlineMs: wholeKey({
    doc: 'A part is closed this long after its trigger at the latest; without a reading it is undecided.',
    default: 1000,
    unit: 'ms',
    min: 20,
    max: 60_000,
    takes: 'restart',
  }),
  maxPartsInFlight: wholeKey({
    doc:
      'Parts open at the same time; a trigger beyond that is undecided (overrun) at once, so that a jam cannot ' +
      'fill the memory.',
    default: 8,
    unit: 'parts',
    min: 1,
    max: 64,
    takes: 'restart',
  }),
};

const camera = {
  driver: choiceKey({
    doc: 'Where frames come from: seeded synthetic parts, or a folder of recorded ones.',
    values: ['synthetic', 'replay'],
    default: 'synthetic',
    takes: 'restart',
  }),
  synthetic: {
    seed: wholeKey({
      doc: 'Same seed, same parts.',
      default: 1,
      min: 0,
      max: 2 ** 32 - 1,
      takes: 'restart',
    }),
    periodMs: wholeKey({
      doc: 'Time from one part to the next.',
      default: 1000,
      unit: 'ms',
      min: 10,
      max: 3_600_000,
      takes: 'restart',
    }),
    defectRate: numberKey({
      doc: 'Share of parts that carry a painted defect.',
      default: 0.25,
      min: 0,
      max: 1,
      takes: 'restart',
    }),
  },
  replay: {
    folder: pathKey({
      doc:
        'The dataset to replay; needed by driver `replay`. Layouts: dataset.json with RGB + 16-bit depth PNG, ' +
        'MVTec 3D-AD, Eyecandies.',
      default: '',
      takes: 'restart',
    }),
    pace: choiceKey({
      doc: 'As recorded, one part each periodMs, or one part for each trigger command.',
      values: ['original', 'fixed', 'stepped'],
      default: 'fixed',
      takes: 'restart',
    }),
    periodMs: wholeKey({
      doc: 'Time from one part to the next at pace `fixed`.',
      default: 1000,
      unit: 'ms',
      min: 10,
      max: 3_600_000,
      takes: 'restart',
    }),
    split: choiceKey({
      doc: 'Which split of the dataset is replayed.',
      values: ['train', 'validation', 'test', 'all'],
      default: 'test',
      takes: 'restart',
    }),
    loop: switchKey({ doc: 'Begin again after the last part.', default: false, takes: 'restart' }),
  },
};

const pairing = {
  windowMs: wholeKey({
    doc: 'From the trigger until both frames of the part must be there; then it is undecided (unpaired, noFrames).',
    default: 300,
    unit: 'ms',
    min: 1,
    max: 60_000,
    takes: 'restart',
  }),
  skewExpectedUs: wholeKey({
    doc: 'Exposure of depth minus exposure of RGB: a constant of the installation.',
    default: 0,
    unit: 'us',
    min: -10_000_000,
    max: 10_000_000,
    takes: 'restart',
  }),
  skewMaxUs: wholeKey({
    doc: 'How far the two exposures of a part may stray from that; beyond it the frames show different moments.',
    default: 20_000,
    unit: 'us',
    min: 1,
    max: 10_000_000,
    takes: 'restart',
  }),
  captureEarlyMs: wholeKey({
    doc: 'A frame without a trigger count belongs to a part opened at most this long after its exposure.',
    default: 10,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
  captureLateMs: wholeKey({
    doc: 'A frame without a trigger count belongs to a part opened at most this long before its exposure.',
    default: 100,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
  edgeWindowMs: wholeKey({
    doc:
      'Counters of two cameras that advance within this time have heard one trigger. Less than half the shortest ' +
      'time between parts.',
    default: 20,
    unit: 'ms',
    min: 1,
    max: 10_000,
    takes: 'restart',
  }),
};

const inference = {
  provider: choiceKey({
    doc: 'What computes. The bundle must hold a variant for it.',
    values: ['cpu', 'tensorrt'],
    default: 'cpu',
    takes: 'restart',
  }),
  precision: choiceKey({
    doc:
      'Which variant of the bundle computes. `auto`: the fastest it holds that this machine runs well; eight bits on ' +
      'the CPU only where it multiplies bytes in one instruction (VNNI, or the dot product of arm64), else fp32.',
    values: ['fp32', 'int8', 'fp16', 'auto'],
    default: 'fp32',
    takes: 'restart',
  }),
  threads: wholeKey({
    doc: 'Threads of one inference; 0 takes as many as there are cores.',
    default: 0,
    unit: 'threads',
    min: 0,
    max: 64,
    takes: 'restart',
  }),
  spinning: switchKey({
    doc: 'Let idle inference threads spin: a little faster, and a core is never free for anything else.',
    default: false,
    takes: 'restart',
  }),
  timeoutMs: wholeKey({
    doc:
      'An inference that takes longer is hung: its host process is killed and replaced. The part itself is ' +
      "closed by the line's deadline, whichever is first.",
    default: 5000,
    unit: 'ms',
    min: 20,
    max: 120_000,
    takes: 'restart',
  }),
  restartBackoffMs: wholeKey({
    doc: 'Wait before a host that died is started again; doubles with each death in a row, up to a minute.',
    default: 250,
    unit: 'ms',
    min: 10,
    max: 60_000,
    takes: 'restart',
  }),
};

const mqtt = {
  enabled: switchKey({ doc: 'Publish over MQTT.', default: true, takes: 'restart' }),
  url: textKey({
    doc: 'The broker. Empty starts a broker of our own on loopback, for a first look and for tests.',
    default: '',
    expected: urlExpected,
    matches: urlPattern,
    show: () => 'an address of another form (not shown: it may hold a password)',
    takes: 'restart',
  }),
  embeddedPort: wholeKey({
    doc: 'Port of the embedded broker on 127.0.0.1; 0 takes a free one and prints it.',
    default: 1883,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
  prefix: textKey({
    doc: 'First level of every topic.',
    default: 'twinspect',
    expected: `${idExpected}; levels separated by "/"`,
    matches: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,7}$/,
    takes: 'restart',
  }),
  username: textKey({
    doc: 'User at the broker; empty for none.',
    default: '',
    expected: 'at most 256 characters, or empty for none',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character in a name is a pasted mistake
    matches: /^[^\u0000-\u001f]{0,256}$/,
    takes: 'restart',
  }),
  passwordFile: pathKey({
    doc:
      'File that holds the password and nothing else; empty for none. The password itself is never a key, a ' +
      'variable or a log line.',
    default: '',
    takes: 'restart',
  }),
  keepaliveS: wholeKey({
    doc: 'The broker declares us lost after one and a half times this silence.',
    default: 5,
    unit: 's',
    min: 1,
    max: 3600,
    takes: 'restart',
  }),
  maxInFlight: wholeKey({
    doc: 'Journaled records sent and not yet acknowledged; the rest waits in the journal.',
    default: 10,
    unit: 'records',
    min: 1,
    max: 1024,
    takes: 'restart',
  }),
};

const opcua = {
  enabled: switchKey({ doc: 'Serve OPC UA.', default: true, takes: 'restart' }),
  host: textKey({
    doc: 'Address to listen on. Sessions are anonymous, so it is on loopback only.',
    default: '127.0.0.1',
    expected: loopbackExpected,
    matches: loopbackPattern,
    takes: 'restart',
  }),
  port: wholeKey({
    doc: 'Port to listen on; 0 takes a free one and prints it.',
    default: 4840,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
};

const journal = {
  maxRecords: wholeKey({
    doc: 'Records kept until the broker acknowledges them; a full journal lets no pass out.',
    default: 200_000,
    unit: 'records',
    min: 100,
    max: 100_000_000,
    takes: 'restart',
  }),
  maxBytesMb: wholeKey({
    doc: 'Largest size of the journal on disk; a full journal lets no pass out.',
    default: 512,
    unit: 'MB',
    min: 16,
    max: 1_000_000,
    takes: 'restart',
  }),
  commitTimeoutMs: wholeKey({
    doc: 'A pass that is not safely on disk this long after judging becomes undecided (journal).',
    default: 200,
    unit: 'ms',
    min: 5,
    max: 60_000,
    takes: 'restart',
  }),
};

const evidence = {
  enabled: switchKey({ doc: 'Keep the pictures and maps of judged parts.', default: true, takes: 'restart' }),
  folder: pathKey({
    doc: 'Where they are kept; empty for `evidence` in the state folder.',
    default: '',
    takes: 'restart',
  }),
  quotaMb: wholeKey({
    doc: 'Disk they may take; the oldest give way.',
    default: 2048,
    unit: 'MB',
    min: 16,
    max: 100_000_000,
    takes: 'restart',
  }),
  keepEveryNthPass: wholeKey({
    doc: 'Every fail and undecided is kept; of the passes every Nth. 0 keeps no pass.',
    default: 50,
    unit: 'parts',
    min: 0,
    max: 1_000_000,
    takes: 'restart',
  }),
};

export const schema = {
  line,
  camera,
  pairing,
  inference,
  mqtt,
  opcua,
  journal,
  evidence,
  stateDir: pathKey({
    doc: 'Folder of everything that must outlive the process: journal, last good bundle, evidence.',
    default: './state',
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
