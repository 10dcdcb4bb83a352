/**
 * Every file that a daemon keeps, damaged in every way, as a user without rights: in the end the line judges, or a
 * named refusal says why not, and nothing is open that was not open before.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { teachTiny, writeBundle } from '../inference/tiny-bundle.ts';
import { asNobody, become, nobody, skipNobody } from '../net/nobody.ts';
import { main } from '../net/trace.ts';
import { damages } from '../state/damages.ts';
import type { Tried } from './state-child.ts';

const child = join(import.meta.dirname, 'state-child.ts');
let folder: string;
let bundle: string;
let template: string;
let files: string[];
let before: { epoch: string; upTo: number };

beforeAll(async () => {
  if (skipNobody) return;
  folder = mkdtempSync(join(tmpdir(), 'twinspect-state-'));
  chmodSync(folder, 0o755);
  bundle = await writeBundle(join(folder, 'a@1.0.0'), await teachTiny());
  const own = join(folder, 'own');
  mkdirSync(own);
  chownSync(own, nobody.uid, nobody.gid);
  template = join(own, 'state');
  const made = await asNobody([process.execPath, child, 'make', template, bundle], { cwd: own, env: { TMPDIR: own } });
  expect(made.code, made.output).toBe(0);
  files = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)))
    .sort();
  before = JSON.parse(readFileSync(join(template, 'copy/sequence.json'), 'utf8')) as typeof before;
});
afterAll(() => folder && rmSync(folder, { recursive: true, force: true }));

/** Each file by itself; of the copies, which nobody reads while the files are whole, all at once. */
function groups(): string[][] {
  const isCopy = (file: string): boolean => file.startsWith('copy/');
  return [files.filter(isCopy), ...files.filter((file) => !isCopy(file)).map((file) => [file])];
}

/** All files under one kind of damage, half of them in each of two processes. */
async function tryAll(damage: string): Promise<Tried[]> {
  const tries = groups().map((group) => group.join(','));
  const half = Math.ceil(tries.length / 2);
  const found = await Promise.all([tries.slice(0, half), tries.slice(half)].map((each) => tryEach(damage, each)));
  return found.flat();
}

async function tryEach(damage: string, tries: readonly string[]): Promise<Tried[]> {
  const line = [...become, process.execPath, child, 'try', template, bundle, damage, ...tries];
  const started = spawn(line[0]!, line.slice(1), {
    cwd: join(folder, 'own'),
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: join(folder, 'own') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  started.stdout.on('data', (data) => {
    text += data;
  });
  await new Promise((done) => started.on('close', done));
  return text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each) as Tried);
}

/** What each file's fault is called; the names of the files say which stores there are. */
const faultOf: readonly [RegExp, string | null][] = [
  [/^journal\.sqlite$/, 'journal'],
  // Room alone: made again.
  [/^journal\.sqlite-reserve$/, null],
  [/^(copy\/)?users\.json$/, 'users'],
  [/^(copy\/)?orders-line1\.json$/, 'orders-line1'],
  [/^(copy\/)?bundle-line1\.json$/, 'bundle-line1'],
  [/^(copy\/)?registration-line1\.json$/, 'registration-line1'],
  [/^(copy\/)?mqtt-device$/, 'mqtt-device'],
  [/^(copy\/)?sparkplug-bdseq$/, 'sparkplug-bdseq'],
  [/^(copy\/)?audit\/head\.json$/, 'audit-head'],
  [/^audit\/audit-\d+\.jsonl$/, 'audit'],
  [/^copy\/sequence\.json$/, 'sequence'],
  [/^(copy\/)?opcua\/own\/private\/private_key\.pem$/, 'opcua-key'],
  [/^(copy\/)?opcua\/own\/certs\/server\.pem$/, 'opcua-certificate'],
  [/^opcua\/own\/openssl\.cnf$/, 'opcua-settings'],
  [/^(copy\/)?opcua-application-uri$/, 'opcua-application-uri'],
  [/^opcua\/trusted\/certs\//, 'opcua-trust'],
  [/^(copy\/)?opcua\/trust-seen\.json$/, 'opcua-trust-seen'],
  // The library's lock: it holds nothing.
  [/^opcua\/mutex$/, null],
];

describe.skipIf(skipNobody)(`as an unprivileged user${skipNobody ? ' (no other user can be taken here)' : ''}`, () => {
  test('everything that is kept is known here', () => {
    const unknown = files.filter((file) => !faultOf.some(([pattern]) => pattern.test(file)));
    expect(unknown).toEqual([]);
    const missing = faultOf.filter(([pattern]) => !files.some((file) => pattern.test(file)));
    expect(missing.map(([pattern]) => pattern.source)).toEqual([]);
  });

  test.each(Object.keys(damages))('each file %s', { timeout: 600_000 }, async (damage) => {
    const tried = await tryAll(damage);
    expect(tried.map((each) => each.files)).toEqual(groups());
    const wrong = tried.filter(({ decision, refused }) => refused !== null || !/^(pass|fail)$/.test(decision ?? ''));
    expect(wrong, 'the line does not judge').toEqual([]);
    // Nobody comes in who did not before.
    expect(
      tried.filter(({ server, access }) => server && (access === null || /NO USERS|ANYBODY/.test(access))),
    ).toEqual([]);
    // No record has the epoch and the number of another one.
    const twice = tried.filter(({ epoch, sequence }) => epoch === before.epoch && sequence <= before.upTo);
    expect(twice).toEqual([]);
    const untold = tried.flatMap(({ files: damaged, faults }) =>
      damaged
        .filter((file) => {
          const id = faultOf.find(([pattern]) => pattern.test(file))![1];
          return id !== null && !faults.includes(id) && !silent(file, damage);
        })
        .map((file) => `${file}: ${faults.join(', ') || 'no fault'}`),
    );
    expect(untold).toEqual([]);
  });

  test('a state folder that cannot be written is refused by name', async () => {
    const mine = join(folder, 'of-root');
    cpSync(template, mine, { recursive: true });
    const started = await asNobody([process.execPath, main, 'run', '--parts', '1'], {
      cwd: folder,
      env: { TMPDIR: join(folder, 'own'), TWINSPECT_STATE_DIR: mine, TWINSPECT_MQTT_EMBEDDED_PORT: '0' },
    });
    expect([started.code, started.output]).toEqual([1, expect.stringContaining('error start/state: Cannot write')]);
  });
});

/**
 * Nothing is lost and nothing is to be told: what is replaced whole when it is next written needs no right on the old
 * file, and a copy that is missing is made.
 */
function silent(file: string, damage: string): boolean {
  if (damage === 'missing') return file.startsWith('copy/') || file === 'opcua/own/openssl.cnf';
  // Half of the library's settings are settings still.
  if (damage === 'half') return file === 'opcua/own/openssl.cnf';
  if (damage !== 'unwritable') return false;
  return !/^journal\.sqlite$|^audit\/audit-|openssl\.cnf$/.test(file);
}
