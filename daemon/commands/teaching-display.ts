/** What a person sees while a bundle is taught: an estimate first, then a bar, the loss and the time left. */

import { teacherNetwork } from '../../models/bundle/networks.ts';
import { gflop } from '../../models/graph/cost.ts';
import type { TeachHooks, TeachOptions } from '../../models/teach/teaching.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import type { Context } from './command.ts';
import type { TeachingFolder } from './teaching-folder.ts';

/** For the first estimate on two cores, until the pace is measured: operations a second of steps, */
const typicalGflopPerS = 90;
/** and what is measured on every part before and after them, which goes by its pixels. */
const measuringSPerMpx = 8;
/** Forward operations of the student against one pass of the teacher over both modalities. */
const studentShare = 0.4;
/** Lines are at least this far apart. */
const lineEveryMs = 5000;
const barLength = 24;

export class TeachingDisplay {
  readonly #clock: { nowMs(): number };
  readonly #line: (text: string) => void;
  #startedMs: number | null = null;
  #startedAt = 0;
  #lastLineMs = Number.NEGATIVE_INFINITY;

  constructor(clock: { nowMs(): number }, line: (text: string) => void) {
    this.#clock = clock;
    this.#line = line;
  }

  /** seconds = parts x (teacher + epochs x 3 x student forward) / speed, and what is measured on all of them */
  estimate({ training, heldOut, epochs, teacher, working }: TeachOptions): void {
    const teacherGflop = gflop(teacherNetwork(working, teacher.spec, teacher.weights, new Map()));
    const total = training.length * teacherGflop * (1 + epochs * 3 * studentShare);
    const measuredMpx = ((training.length + heldOut.length) * working.widthPx * working.heightPx) / 1e6;
    const minutes = (total / typicalGflopPerS + measuredMpx * measuringSPerMpx) / 60;
    this.#line(`about ${minutes < 1.5 ? `${Math.round(60 * minutes)} s` : `${Math.round(minutes)} min`} on two cores`);
  }

  progress({ epoch, epochs, step, steps, loss }: TrainProgress): void {
    const now = this.#clock.nowMs();
    const done = epoch + step / steps;
    if (this.#startedMs === null) {
      this.#startedMs = now;
      this.#startedAt = done;
    }
    const last = epoch + 1 === epochs && step === steps;
    if (!last && now - this.#lastLineMs < lineEveryMs) return;
    this.#lastLineMs = now;
    const filled = Math.round((barLength * done) / epochs);
    const bar = '#'.repeat(filled) + '.'.repeat(barLength - filled);
    const pace = (now - this.#startedMs) / (done - this.#startedAt);
    const left = Number.isFinite(pace) ? `, ${Math.ceil((pace * (epochs - done)) / 1000)} s left` : '';
    this.#line(`[${bar}] epoch ${epoch + 1}/${epochs}, loss ${loss.toFixed(4)}${left}`);
  }
}

/** What teaching tells and keeps, for a person at the screen: lines and a bar on stderr, snapshots in the folder. */
export function hooksOf(context: Context, folder: TeachingFolder): { hooks: TeachHooks; display: TeachingDisplay } {
  const say = (line: string): void => context.stderr(line);
  const display = new TeachingDisplay(context.clock, say);
  if (folder.resumed) say('going on with an interrupted teaching');
  const { snapshots } = folder;
  return {
    display,
    hooks: { snapshots, say, progress: (progress) => display.progress(progress), signal: context.signal },
  };
}
