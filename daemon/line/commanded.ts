/**
 * One camera's trigger edges against parts that commands opened. The command and the electrical trigger come on two
 * ways, so either may be the first; an edge meets the one part that was opened around it. An edge that fits no part or
 * several, and a part that two edges fit, meet nothing: counting on would judge each later part by its neighbour.
 *
 * An edge is ruled on only when no command that may still claim it can come any more. Edges of an exposure that we
 * asked for ourselves belong to the part we asked it for, at once. Bounded: `maxEdges`.
 */
import type { PartInstant } from './alignment.ts';

/** Edges kept in mind: frames of older ones belong nowhere. */
export const maxEdges = 128;

/** Around an edge: its part was opened at most so long before it (late) or after it (early). */
export interface EdgeWindow {
  readonly earlyMs: number;
  readonly lateMs: number;
}

interface Edge {
  readonly count: number;
  readonly atMs: number;
  /** The part it met; `none` where it met none, `open` while that is not known. */
  meets: number | 'none' | 'open';
}

/** Edges and parts that cannot be told apart, or an edge without a part (no ordinals). */
export interface Unmatched {
  readonly count: number;
  readonly ordinals: readonly number[];
  readonly why: string;
}

export class CommandedEdges {
  readonly #window: EdgeWindow;
  readonly #edges = new Map<number, Edge>();

  constructor(window: EdgeWindow) {
    this.#window = window;
  }

  /** An edge was heard; `askedFor` is the part whose exposure we are asking the camera for just now. */
  heard(count: number, atMs: number, askedFor: number | null): Unmatched[] {
    const twice = askedFor === null ? undefined : this.#edgeOf(askedFor);
    if (twice) twice.meets = 'none';
    this.#edges.set(count, { count, atMs, meets: twice ? 'none' : (askedFor ?? 'open') });
    if (this.#edges.size > maxEdges) this.#edges.delete(this.#edges.keys().next().value!);
    return twice ? [{ count, ordinals: [askedFor!], why: 'one trigger command exposed twice' }] : [];
  }

  /** Rules on the edges that no later command can claim. */
  settle(nowMs: number, parts: Iterable<PartInstant>): Unmatched[] {
    const due = [...this.#edges.values()].filter((edge) => edge.meets === 'open' && this.#isDue(edge, nowMs));
    if (due.length === 0) return [];
    const known = [...parts];
    return due.map((edge) => this.#rule(edge, known)).filter((unmatched) => unmatched !== null);
  }

  /** The part that frames of this count belong to; `open` while that is not known. */
  ordinalOf(count: number): number | 'none' | 'open' {
    return this.#edges.get(count)?.meets ?? 'none';
  }

  /** Whether an edge met this part. */
  met(ordinal: number): boolean {
    return this.#edgeOf(ordinal) !== undefined;
  }

  reset(): void {
    this.#edges.clear();
  }

  #isDue({ atMs }: Edge, nowMs: number): boolean {
    // Without an early window, only what was opened before the edge may claim it.
    return this.#window.earlyMs === 0 || nowMs - atMs > this.#window.earlyMs;
  }

  #fits({ atMs }: Edge, { openedAtMs }: PartInstant): boolean {
    const { earlyMs, lateMs } = this.#window;
    return openedAtMs >= atMs - lateMs && openedAtMs <= atMs + earlyMs;
  }

  #rule(edge: Edge, parts: readonly PartInstant[]): Unmatched | null {
    const { count } = edge;
    const near = parts.filter((part) => this.#fits(edge, part));
    const ordinals = near.map(({ ordinal }) => ordinal);
    const [only] = near;
    edge.meets = 'none';
    if (!only) return { count, ordinals, why: `trigger ${count} came without a command` };
    if (near.length > 1) return { count, ordinals, why: `trigger ${count} fits ${near.length} commands` };
    const rivals = [...this.#edges.values()].filter((other) => other !== edge && this.#fits(other, only));
    if (rivals.length === 0) {
      edge.meets = only.ordinal;
      return null;
    }
    for (const rival of rivals) if (rival.meets === only.ordinal || rival.meets === 'open') rival.meets = 'none';
    return { count, ordinals, why: `${rivals.length + 1} triggers fit one command` };
  }

  #edgeOf(ordinal: number): Edge | undefined {
    return this.#edges.values().find((edge) => edge.meets === ordinal);
  }
}
