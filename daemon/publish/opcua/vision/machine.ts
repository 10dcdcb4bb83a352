/**
 * Where one vision system is, and how it moves: by a call that the tables allow, or by itself where the line's own
 * facts lead. A call claims its transition; when the facts then lead that way, the move is the call's and not the
 * system's own. Refuses what is illegal and stays where it is. Pure: who listens shows it.
 */
import { Refused } from './codes.ts';
import { callIn, type Leaf, leafAfter, type Method, type Transition, wayTo } from './states.ts';

/** What is true of the line. */
export interface Facts {
  /** Shown at least once since the start, and not stopping. */
  readonly begun: boolean;
  readonly halted: boolean;
  readonly fault: boolean;
  /** A bundle is in service, and nothing but an order keeps parts from being judged. */
  readonly able: boolean;
  readonly execution: 'continuous' | 'single' | 'stopped';
  /** A part that a command opened is being judged. */
  readonly job: boolean;
}

export type Moved = (transition: Transition, from: Leaf, to: Leaf) => void;

export class VisionMachine {
  readonly #moved: Moved;
  #leaf: Leaf = 'Preoperational';
  #facts: Facts | null = null;
  /** After Reset the system waits for SelectModeAutomatic; until a first Reset it comes up by itself. */
  #held = false;
  /** After Reset or UnprepareRecipe, until PrepareRecipe; a line that runs all the same has its recipe. */
  #unprepared = false;
  /** Of the calls that are under way. */
  readonly #claims = new Set<Transition>();

  constructor(moved: Moved) {
    this.#moved = moved;
  }

  get leaf(): Leaf {
    return this.#leaf;
  }

  /** Throws `Refused` with `state` where the tables do not allow the call. Answers the transition it would take. */
  check(method: Method): Transition | null {
    const found = callIn(this.#leaf, method);
    if (found === undefined) throw new Refused('state', `${method} is not legal in ${this.#leaf}`);
    return found;
  }

  /** Does what a call asks for; the transition is the call's own as soon as the facts lead there. */
  async call(method: Method, act: () => Promise<void> | void): Promise<void> {
    const [wasHeld, wasUnprepared] = [this.#held, this.#unprepared];
    const claim = this.check(method);
    if (claim) this.#claims.add(claim);
    if (method === 'Reset') this.#held = true;
    if (method === 'Reset' || method === 'UnprepareRecipe') this.#unprepared = true;
    if (method === 'SelectModeAutomatic') this.#held = false;
    try {
      await act();
      if (method === 'PrepareRecipe') this.#unprepared = false;
      this.settle();
      // Reset leads to Preoperational whatever the facts say; what still stands leads on from there.
      const left = method === 'Reset' && claim && this.#claims.has(claim) ? callIn(this.#leaf, method) : null;
      if (left) this.#take(left);
    } catch (error) {
      [this.#held, this.#unprepared] = [wasHeld, wasUnprepared];
      throw error;
    } finally {
      if (claim) this.#claims.delete(claim);
      this.settle();
    }
  }

  /** The line's facts as they are now; the system moves by itself where they lead. */
  become(facts: Facts): void {
    this.#facts = facts;
    this.settle();
  }

  settle(): void {
    // Asked anew after each step: a listener may bring new facts while it is told.
    for (;;) {
      const next = wayTo(this.#leaf, this.target)[0];
      if (!next) return;
      this.#take(this.#claimed(next) ?? next);
    }
  }

  /** No recipe can be used for a job, by order of a client. */
  get unprepared(): boolean {
    return this.#unprepared && this.#facts?.execution === 'stopped';
  }

  /** Where the facts lead. */
  get target(): Leaf {
    const facts = this.#facts;
    if (!facts) return this.#leaf;
    if (facts.halted) return 'Halted';
    if (facts.fault) return 'Error';
    if (this.#held || !facts.begun) return 'Preoperational';
    if (!facts.able || this.unprepared) return 'Initialized';
    if (facts.execution === 'continuous') return 'ContinuousExecution';
    return facts.job ? 'SingleExecution' : 'Ready';
  }

  #claimed(step: Transition): Transition | null {
    return this.#claims.values().find((claim) => claim.from === step.from && claim.to === step.to) ?? null;
  }

  #take(transition: Transition): void {
    const from = this.#leaf;
    this.#claims.delete(transition);
    this.#leaf = leafAfter(transition);
    this.#moved(transition, from, this.#leaf);
  }
}
