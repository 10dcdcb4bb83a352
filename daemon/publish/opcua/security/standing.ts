/**
 * What is wrong with the security of the server as it stands: a clock that was never set, a certificate that is over or
 * soon will be, a full house, a users file that cannot be read. Pure; said by whoever asks.
 */
import { fail, type TwinspectError } from '../../../../errors.ts';
import { builtAtMs } from '../../../build-date.ts';
import type { CertificateFacts } from './certificate-facts.ts';

const dayMs = 86_400_000;
/** A plant that closes for a summer still has time to renew. */
const warnDaysAhead = 60;

export interface Facts {
  readonly wallMs: number;
  readonly certificate: CertificateFacts;
  readonly sessions: number;
  readonly connections: number;
  /** Of both. */
  readonly limit: number;
  readonly usersProblem: string | null;
}

/** `fault`: a person is needed, though the line judges on. */
export interface Standing {
  readonly fault: TwinspectError | null;
  /** For people: all of it; null where all is well. */
  readonly problem: string | null;
}

export function standing(facts: Facts): Standing {
  const fault = clockFault(facts.wallMs) ?? expiredFault(facts);
  const soon = fault === null ? expiringSoon(facts) : null;
  const { sessions, connections, limit, usersProblem } = facts;
  const problems = [
    fault && `${fault.code}: ${fault.message}`,
    soon && `${soon.code}: ${soon.message}`,
    sessions >= limit ? `all ${limit} sessions are taken` : null,
    connections >= limit ? `all ${limit} connections are taken` : null,
    usersProblem,
  ].filter((problem) => problem !== null);
  return { fault, problem: problems.length === 0 ? null : problems.join('; ') };
}

/** Null where the clock can be right. */
export function clockFault(wallMs: number): TwinspectError | null {
  if (wallMs >= builtAtMs) return null;
  return fail('opcua/clock', { now: iso(wallMs), built: iso(builtAtMs) });
}

export function expiredFault({ certificate, wallMs }: Pick<Facts, 'certificate' | 'wallMs'>): TwinspectError | null {
  return wallMs >= certificate.validToMs ? fail('opcua/expired', { end: iso(certificate.validToMs) }) : null;
}

export function expiringSoon({ certificate, wallMs }: Pick<Facts, 'certificate' | 'wallMs'>): TwinspectError | null {
  const days = Math.floor((certificate.validToMs - wallMs) / dayMs);
  return days < warnDaysAhead ? fail('opcua/expires', { end: iso(certificate.validToMs), days }) : null;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
