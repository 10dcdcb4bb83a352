/**
 * What the tags may say at any moment, to whoever reads them: a complete result is of the part that was opened last
 * under its number in this life of the line, and says of it what was judged. A slot whose part is open shows nothing,
 * and no more does the current result between the opening of a part and the next verdict.
 */

import type { TagName } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import { verdictCodes } from '../../../daemon/publish/payload.ts';
import { ringSlots, type Scalar, type Station, tagNames } from './station.ts';

type Look = (name: TagName) => Scalar;

const known = new Set<string>(tagNames);
/** Where a result stands: the current one, and the slots. */
const places = ['', ...ringSlots].filter((place) => known.has(`${place}ResSeq`));

export function tagsViolation(station: Station, look: Look): string | null {
  for (const place of places) {
    const number = look(`${place}ResSeq` as TagName) as number;
    const verdict = look(`${place}Verdict` as TagName) as number;
    if (verdict === 0 || look(`${place}ResSeqStart` as TagName) !== number) continue;
    const part = station.byNumber.get(number);
    const what = `${place || 'the current result'} shows number ${number}`;
    if (!part) return `${what}, which is of an older life`;
    if (part.decision === null || station.open.includes(part)) return `${what}, whose part is open`;
    if (place === '' && part.toldAt < station.openedLastAt) return `${what}, and another part was opened since`;
    if (verdict !== verdictCodes[part.decision]) return `${what} with verdict ${verdict}, judged ${part.decision}`;
    if (look(`${place}Challenge` as TagName) !== part.origin.challenge) return `${what} with another Challenge`;
    if (known.has(`${place}ResRecipe`) && look(`${place}ResRecipe` as TagName) !== part.recipe) {
      return `${what}, judged by recipe ${part.recipe}, and says another one`;
    }
  }
  return slotOfOpenPart(station, look);
}

function slotOfOpenPart({ open, age }: Station, look: Look): string | null {
  if (places.length === 1) return null;
  for (const part of open) {
    const { triggerSource, plantSequence } = part.origin;
    const number = triggerSource === 'camera' ? part.sequence : plantSequence;
    if (number === null || part.age !== age) continue;
    const place = ringSlots[number % 16]!;
    if (look(`${place}Verdict` as TagName) !== 0) return `part ${number} is open, and ${place} shows a verdict`;
  }
  return null;
}
