/**
 * What pairing knows of one camera: its counter, and how its counts belong to the line's parts. Where a counter opens
 * parts, by its alignment to the line's numbering; where commands open them, edge by edge.
 */
import type { Modality } from '../../drivers/frame.ts';
import { Alignment } from './alignment.ts';
import { CommandedEdges } from './commanded.ts';
import { TriggerCounter } from './counter.ts';
import type { LineSettings } from './settings.ts';

export class CameraNumbering {
  readonly id: string;
  readonly modalities: readonly Modality[];
  readonly counter: TriggerCounter;
  readonly alignment: Alignment;
  /** Null where a counter opens parts. */
  readonly commanded: CommandedEdges | null;
  /** No frame exposed before this instant belongs to the present numbering. */
  epochFromMs = Number.NEGATIVE_INFINITY;

  constructor({ id, modalities }: LineSettings['cameras'][number], settings: LineSettings) {
    const { edgeWindowMs, captureEarlyMs: earlyMs, captureLateMs: lateMs, triggerFrom } = settings;
    this.id = id;
    this.modalities = modalities;
    this.counter = new TriggerCounter(edgeWindowMs);
    this.alignment = new Alignment(edgeWindowMs);
    this.commanded = triggerFrom === null ? new CommandedEdges({ earlyMs, lateMs }) : null;
  }

  /** The part that frames of this count belong to; `open` while that is not known yet, `none` where they fit none. */
  ordinalOf(count: number): number | 'none' | 'open' {
    if (!this.counter.heard(count)) return 'none';
    return this.commanded ? this.commanded.ordinalOf(count) : (this.alignment.ordinalOf(count) ?? 'open');
  }

  beginEpoch(fromMs: number): void {
    this.counter.reset();
    this.alignment.reset();
    this.commanded?.reset();
    this.epochFromMs = fromMs;
  }
}
