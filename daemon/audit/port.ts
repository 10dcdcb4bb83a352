/**
 * The audit record as the rooms see it: who changed what, and who tried to. Whoever may change how parts are judged,
 * who may log in or which certificates are trusted, writes it here. What belongs to one part (its trigger, its
 * verdict) is the journal's; the audit record counts triggers and keeps them apart from nobody.
 */
import type { Actor } from '../command/port.ts';

/** What a value was or became: shown to people, so never a secret. */
export type AuditValue = string | number | boolean | null | Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEntry {
  /** One word: `selectRecipe`, `login`, `trust`. */
  readonly action: string;
  /** What it was done to: a line's id, a certificate's thumbprint, a user's name. */
  readonly target: string;
  readonly who: Actor;
  readonly from: AuditValue;
  readonly to: AuditValue;
  /** `denied`: not allowed to. `failed`: allowed, and it could not be done. */
  readonly result: 'done' | 'denied' | 'failed';
  /** Why it was denied or failed, code first where there is one; null where it was done. */
  readonly cause: string | null;
}

export interface Audit {
  /** Resolves when the entry is on the disk. Rejects with `audit/unwritable`. */
  write(entry: AuditEntry): Promise<void>;
  /**
   * For what somebody outside can cause as often as he likes: denied tries, logins, triggers. The first of a kind is
   * written at once, the others of its window are counted and written as one. Never throws and is never waited for.
   */
  tally(entry: AuditEntry): void;
  /** Why nothing can be written now; null where it can, as far as the last try knows. */
  readonly problem: string | null;
}
