/**
 * What the plant may ask of a line, who asks, and what it is answered: the one port behind OPC UA methods, the PLC's
 * tags, MQTT commands and Sparkplug. Who stands behind it checks the role, does it, and writes it to the audit record;
 * an adapter only translates. Nothing here knows a protocol.
 */

/** Each role may what the ones before it may. */
export const roles = ['observe', 'operate', 'configure', 'secure'] as const;
export type Role = (typeof roles)[number];

/** Who asks, as far as the way it came proves it. */
export interface Actor {
  /** The user's name, the certificate's, or the name of the way itself where it has no users. */
  readonly name: string;
  readonly via: 'opcua' | 'mqtt' | 'sparkplug' | 'plc' | 'local';
  /** The highest role proven; null for one that may nothing. */
  readonly role: Role | null;
  /** SHA-1 thumbprint of the client's certificate, hex; null where it showed none. */
  readonly certificate: string | null;
}

/** A trigger of the plant: opens one part at once. Ids are the plant's own, told again with the verdict. */
export interface TriggerRequest {
  readonly partId: string | null;
  /** The plant's own number of this trigger (a PLC's `TrigSeq`); null where it has none. */
  readonly plantSequence: number | null;
  /** OPC 40100-1 ids of an inline system; null where not given. */
  readonly measId: string | null;
  readonly productId: string | null;
  readonly jobId: string | null;
  /** A known-bad sample that proves the station: judged and flagged, not counted as production. */
  readonly challenge: boolean;
  /**
   * Triggers just before this one that the plant counted and that never came: each is a part of its own, undecided /
   * unmatched. None where absent.
   */
  readonly unseen?: number;
}

/** The plant's ids of a run in which the camera opens the parts; null where not given. */
export type JobIds = Pick<TriggerRequest, 'measId' | 'productId' | 'jobId'>;

/** The part a trigger opened. */
export interface Triggered {
  readonly sequence: number;
  readonly resultId: string;
}

/** Everything else the plant may ask for. */
export type Order =
  /** A row of the config's recipe table becomes the active one, between two parts. */
  | { readonly kind: 'selectRecipe'; readonly recipe: number }
  /** Score threshold of the active recipe, inside the bounds of the config; null = back to the bundle's own. */
  | { readonly kind: 'setThreshold'; readonly threshold: number | null }
  /** Takes triggers of the camera itself as they come (`continuous`), or of commands alone (`single`). */
  | {
      readonly kind: 'setExecution';
      readonly execution: 'continuous' | 'single' | 'stopped';
      /** Ids told again with each part the camera opens in this run; none where left out. */
      readonly job?: JobIds;
    }
  /** Every open part is closed as undecided / interrupted. */
  | { readonly kind: 'abort'; readonly cause: string }
  /** Out of operation until `reset`: not ready, each trigger undecided / halted. */
  | { readonly kind: 'halt'; readonly cause: string }
  /** Ends a halt and a latched fault whose cause is gone. */
  | { readonly kind: 'reset'; readonly cause: string }
  /** Counters of rejects in a row begin anew. */
  | { readonly kind: 'resetCounters' };

/** What is true of the line's orders now. */
export interface Ordered {
  /** The active recipe; null while its bundle does not serve. */
  readonly recipe: number | null;
  /** The score threshold that judges instead of the bundle's own, by command or by the recipe; null where none does. */
  readonly threshold: number | null;
  readonly execution: 'continuous' | 'single' | 'stopped';
  readonly halted: string | null;
}

/** One row of the recipe table: a bundle with its decision settings. */
export interface Recipe {
  readonly number: number;
  readonly name: string;
  readonly product: string;
  /** As the config names it. */
  readonly bundle: string;
  readonly threshold: number | null;
}

/** The commands of one line. All errors are operating errors of the table: `command/role`, `command/recipe`, ... */
export interface LineCommands {
  /**
   * Why the actor may not ask for it, written to the audit record; null where he may. Asked by whoever reads arguments,
   * before he does: who may not ask learns nothing of what is wrong with them.
   */
  denied(actor: Actor, asked: Order['kind'] | 'trigger'): Error | null;
  /** The part is open when it returns: whoever calls shows busy in the same tick. Throws. */
  trigger(actor: Actor, request: TriggerRequest): Triggered;
  /** Resolves when it is done; rejects and changes nothing otherwise. */
  order(actor: Actor, order: Order): Promise<void>;
  ordered(): Ordered;
  recipes(): readonly Recipe[];
  /** Called whenever `ordered()` answers something new. */
  onOrdered(listener: (now: Ordered) => void): void;
}
