/** How a line's messages are said: JSON and PNG, with what tells them apart and how long they are worth keeping. */
import type { MaskMessage } from '../lane.ts';
import type { Content } from './message.ts';

export const json = 'application/json';
/** A mask that comes late still has so long for whoever reads it, s. */
const maskExpiryLeastS = 60;

interface Json {
  readonly schema: string;
  readonly resultId?: string;
  readonly partId?: string | null;
  readonly requestId?: string | null;
}

/** What tells messages apart without reading them stands in the user properties too. */
export function jsonContent(payload: Json): Content {
  const { schema, resultId = null, partId = null, requestId = null } = payload;
  return {
    payload: JSON.stringify(payload),
    contentType: json,
    userProperties: { schema, resultId, partId, requestId },
  };
}

/** `expiryS` counts from the closing of the part, so that a mask sent again does not live longer; 0 = for ever. */
export function maskContent(mask: MaskMessage, expiryS: number, wallMs: number): Content {
  const { resultId, partId, sha256, widthPx, heightPx, closedAtMs, png } = mask;
  const ageS = closedAtMs === null ? 0 : Math.max(0, wallMs - closedAtMs) / 1000;
  return {
    payload: png,
    contentType: 'image/png',
    expiryS: expiryS === 0 ? null : Math.max(maskExpiryLeastS, expiryS - ageS),
    userProperties: { resultId, partId, sha256, widthPx: String(widthPx), heightPx: String(heightPx) },
  };
}
