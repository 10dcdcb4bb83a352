/**
 * A digital output that says OK. De-energised is the safe side: what a broken wire, a lost supply and a dead process
 * look like. Not for the safety of people.
 */
export interface DigitalOutput {
  /** Energised from now on; whoever asked must live and not hang, or it is released for him. */
  energise(): void;
  release(): void;
  /** Why it cannot be energised now; null where it can. */
  readonly problem: string | null;
  /** Called whenever `problem` is another one. */
  onProblem(listener: () => void): void;
  /** Releases it and lets the device go. */
  close(): Promise<void>;
}
