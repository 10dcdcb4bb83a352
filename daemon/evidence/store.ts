/**
 * Keeps the evidence of judged parts: the record, and the pictures where there are any, within a quota.
 *
 * All that fail and all that are undecided are kept, and every Nth that passes. It never stops or delays the line:
 * `offer` copies what it keeps and returns; drawing and writing follow one entry at a time. What does not fit the
 * queue, the quota or the disk is counted, with the latest cause.
 */
import { messageOf } from '../../errors.ts';
import type { PairImages, Reading } from '../inference/port.ts';
import type { PartEvidence } from '../line/sink.ts';
import type { Mask, VerdictRecord } from '../line/verdict.ts';
import type { EvidenceFile, EvidenceFiles, StoredEntry } from './folder.ts';
import { depthPicture, heatPicture, maskPicture, type Picture, sideBySide } from './pictures.ts';
import { type EvidenceLimits, toRemove } from './quota.ts';

/** PNG of 8-bit pixels, [heightPx, widthPx, channels]. */
export type EncodePng = (pixels: Uint8Array, widthPx: number, heightPx: number, channels: 1 | 3) => Promise<Uint8Array>;

export interface EvidenceSettings extends EvidenceLimits {
  /** Free disk below which nothing is kept: the rest is the journal's. */
  readonly minFreeBytes: number;
  /** Every how many passes one is kept; 0 = none. */
  readonly keepEveryNthPass: number;
}

export interface EvidenceCounters {
  kept: number;
  /** Dropped because writing could not follow. */
  overflowed: number;
  /** Larger than the whole quota. */
  tooLarge: number;
  /** Not kept because the disk has less left than the journal may need. */
  noRoom: number;
  failed: number;
  /** Removed to make room. */
  removed: number;
  lastFailure: string | null;
}

/** Parts waiting to be written; each holds a copy of its pair and map (about 4 MB at 640 x 480). */
export const maxWaitingEntries = 4;

interface Seen {
  readonly pair: PairImages | null;
  readonly map: Reading['map'] | null;
  readonly mask: Mask | null;
}

interface Entry {
  readonly name: string;
  readonly files: readonly EvidenceFile[];
}

export class EvidenceStore {
  readonly counters: EvidenceCounters = {
    kept: 0,
    overflowed: 0,
    tooLarge: 0,
    noRoom: 0,
    failed: 0,
    removed: 0,
    lastFailure: null,
  };
  readonly #files: EvidenceFiles;
  readonly #encodePng: EncodePng;
  readonly #settings: EvidenceSettings;
  /** Each makes its entry when its turn comes. */
  readonly #waiting: (() => Promise<Entry>)[] = [];
  #stored: StoredEntry[] | null = null;
  #passes = 0;
  #working: Promise<void> | null = null;

  constructor(files: EvidenceFiles, encodePng: EncodePng, settings: EvidenceSettings) {
    this.#files = files;
    this.#encodePng = encodePng;
    this.#settings = settings;
  }

  /**
   * Takes a copy of what is worth keeping; the evidence's own memory may be reused as soon as this returns. `told`
   * gives the record as it went out, where that is known only later.
   */
  offer(
    record: VerdictRecord,
    evidence: PartEvidence | null,
    told: Promise<VerdictRecord> = Promise.resolve(record),
  ): void {
    if (!this.#wants(record)) return;
    if (this.#isFull()) return;
    const { pair, reading, mask } = evidence ?? { pair: null, reading: null, mask: null };
    const part: Seen = {
      pair: pair && { ...pair, rgb: pair.rgb.slice(), depthMm: pair.depthMm.slice() },
      map: reading?.map.slice() ?? null,
      mask: mask && { ...mask, pixels: mask.pixels.slice() },
    };
    this.#write(async () => {
      const out = await told;
      return { name: entryName(out), files: await this.#filesOf(out, part) };
    });
  }

  /** A reading that came when its part was closed already: its numbers, as an entry of its own, never a verdict. */
  late(sequence: number, { score, judgedShare, inferMs }: Pick<Reading, 'score' | 'judgedShare' | 'inferMs'>): void {
    const json = `${JSON.stringify({ late: true, sequence, score, judgedShare, inferMs }, null, 2)}\n`;
    const files = [{ name: 'late.json', bytes: new TextEncoder().encode(json) }];
    this.#write(async () => ({ name: `${padded(sequence)}-late`, files }));
  }

  /** Resolves when everything offered so far is written or given up. */
  async drained(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  #isFull(): boolean {
    if (this.#waiting.length < maxWaitingEntries) return false;
    this.counters.overflowed++;
    return true;
  }

  #write(make: () => Promise<Entry>): void {
    if (this.#isFull()) return;
    this.#waiting.push(make);
    this.#working ??= this.#work();
  }

  #wants(record: VerdictRecord): boolean {
    if (record.decision !== 'pass') return true;
    const every = this.#settings.keepEveryNthPass;
    return every > 0 && this.#passes++ % every === 0;
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        await this.#keep(await next());
      } catch (error) {
        this.counters.failed++;
        this.counters.lastFailure = messageOf(error);
        // The folder may hold more or less than is thought: read it again next time.
        this.#stored = null;
      }
      this.#waiting.shift();
    }
    this.#working = null;
  }

  async #keep({ name, files }: Entry): Promise<void> {
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
    this.#stored ??= await this.#files.list();
    const removed = toRemove(this.#stored, bytes, this.#settings);
    if (removed === null) {
      this.counters.tooLarge++;
      return;
    }
    if ((await this.#files.free()) < this.#settings.minFreeBytes + bytes) {
      this.counters.noRoom++;
      return;
    }
    for (const entry of removed) {
      await this.#files.remove(entry.name);
      this.#stored = this.#stored.filter((each) => each !== entry);
      this.counters.removed++;
    }
    await this.#files.write(name, files);
    this.#stored.push({ name, bytes });
    this.counters.kept++;
  }

  async #filesOf(record: VerdictRecord, { pair, map, mask }: Seen): Promise<EvidenceFile[]> {
    const json = new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`);
    const files: EvidenceFile[] = [{ name: 'record.json', bytes: json }];
    if (!pair) return files;
    const { widthPx, heightPx } = pair;
    // Drawn one by one, with the encoder's turn between: the plant's messages share this thread.
    const shown: Picture[] = [];
    const add = async (name: string, picture: Picture): Promise<void> => {
      shown.push(picture);
      files.push({ name, bytes: await this.#encodePng(picture.pixels, picture.widthPx, picture.heightPx, 3) });
    };
    await add('rgb.png', { widthPx, heightPx, pixels: pair.rgb });
    await add('depth.png', depthPicture(pair.depthMm, widthPx, heightPx));
    if (map) await add('map.png', heatPicture(map, widthPx, heightPx, record.threshold ?? 1));
    if (mask) {
      files.push({ name: 'mask.png', bytes: await this.#encodePng(mask.pixels, mask.widthPx, mask.heightPx, 1) });
      shown.push(maskPicture(mask));
    }
    const all = sideBySide(shown);
    files.push({ name: 'overview.png', bytes: await this.#encodePng(all.pixels, all.widthPx, all.heightPx, 3) });
    return files;
  }
}

/** Names sort by age within a line's folder: the journal's sequence rises over restarts. */
export function entryName(record: VerdictRecord): string {
  return `${padded(record.sequence)}-${record.decision}-${record.reason}`;
}

function padded(sequence: number): string {
  return String(sequence).padStart(12, '0');
}
