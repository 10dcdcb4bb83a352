/** The plant's side of a daemon without its line: its journal is fed directly, with no broker or a bad one. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../daemon/clock.ts';
import { openedByCamera } from '../../daemon/line/verdict.ts';
import { startPublishing } from '../../daemon/publish/publishing.ts';
import { judged } from '../publish/fixtures-record.ts';
import { stateAt } from '../state/at.ts';
import { heed, say, toldSettings, type Word } from './child.ts';

export interface SenderSettings {
  readonly stateFolder: string;
  readonly url: string;
  readonly user: { readonly name: string; readonly password: string };
}

export interface FeedWord extends Word {
  readonly kind: 'feed';
  readonly records: number;
}

export interface SenderFigures {
  readonly rssMb: number;
  /** Highest since the last time it was asked for. */
  readonly rssPeakMb: number;
  readonly heapMb: number;
  /** Records that the broker has not acknowledged. */
  readonly waiting: number;
  readonly mqtt: Readonly<Record<string, number>>;
}

export type SenderWord =
  | { kind: 'begun' }
  | { kind: 'fed'; firstSequence: number; lastSequence: number }
  | ({ kind: 'figures' } & SenderFigures)
  | { kind: 'stopped' };

/** Records being committed at once: the journal's thread takes them into one transaction. */
const together = 50;
const rssEveryMs = 20;
const lineId = 'line1';

const { stateFolder, url, user } = toldSettings<SenderSettings>();
const warn = (values: object, text: string): void => void writeSync(2, `${text} ${JSON.stringify(values)}\n`);
const quiet = (): void => undefined;
const publishing = await startPublishing({
  state: stateAt(stateFolder),
  lineIds: [lineId],
  mqtt: { url, prefix: 'twinspect', user: user.name, password: user.password },
  opcua: null,
  clock: systemClock,
  log: { debug: quiet, info: quiet, warn, error: warn },
  encodePng: async (pixels) => pixels.slice(),
  limits: { keepaliveS: 2, retryLastMs: 1000 },
});
let peak = 0;
const sample = (): void => {
  peak = Math.max(peak, process.memoryUsage.rss());
  systemClock.after(rssEveryMs, sample);
};

async function feed(records: number): Promise<SenderWord> {
  const { journal } = publishing;
  const sequences: number[] = [];
  for (let fed = 0; fed < records; fed += together) {
    const now = Array.from({ length: Math.min(together, records - fed) }, async () => {
      const openedAtMs = systemClock.wallMs();
      const part = { lineId, trigger: 1, partId: null, origin: openedByCamera, openedAtMs, deadlineMs: 300 };
      const { sequence, journaled } = journal.open(part);
      sequences.push(sequence);
      await journaled;
      await journal.commit(judged(sequence), true);
    });
    await Promise.all(now);
  }
  return { kind: 'fed', firstSequence: sequences[0]!, lastSequence: sequences.at(-1)! };
}

async function figures(): Promise<SenderWord> {
  const { rss, heapUsed } = process.memoryUsage();
  const health = publishing.health().find(({ name }) => name.startsWith('mqtt'));
  const { waitingRecords } = await publishing.journal.figures();
  const of = { rssMb: rss / 1e6, rssPeakMb: Math.max(peak, rss) / 1e6, heapMb: heapUsed / 1e6 };
  peak = 0;
  return { kind: 'figures', ...of, waiting: waitingRecords, mqtt: { ...health?.counters } };
}

heed(async (word: Word) => {
  if (word.kind === 'figures') return say(await figures());
  if (word.kind === 'feed') return say(await feed((word as FeedWord).records));
  await publishing.stop();
  say({ kind: 'stopped' });
  process.exit(0);
});
sample();
say({ kind: 'begun' });
