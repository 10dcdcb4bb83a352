/**
 * What people are told of good parts that look unlike the rest. A defect is rare among parts that were recorded
 * together; where half of them look unlike the others, light or material was another, and one line says so.
 */
import type { UnlikePart } from './teaching.ts';

/** Of fewer parts than this, half say nothing about the group. */
const leastTogether = 4;

/** What is looked at of an image: the region of interest, or all of it. */
interface Frame {
  x: number;
  y: number;
  widthPx: number;
  heightPx: number;
}

/** A heading and a line for each part, or for each group as a whole; nothing where every part is like the others. */
export function tellUnlike(parts: readonly UnlikePart[], frame: Frame): string[] {
  if (parts.length === 0) return [];
  const many = parts.length === 1 ? '1 good part looks' : `${parts.length} good parts look`;
  const groups = [...Map.groupBy(parts, ({ group }) => group.name).values()];
  return [
    `warning: ${many} unlike the rest; look, and where one is defective take it out and teach again:`,
    ...groups.flatMap((members) =>
      wholly(members) ? [ofGroup(members, frame)] : members.map((part) => ofPart(part, frame)),
    ),
  ];
}

const wholly = (members: readonly UnlikePart[]): boolean =>
  members.length >= leastTogether && 2 * members.length >= members[0]!.group.parts;

function ofPart({ id, side, seenBy, apart, at }: UnlikePart, frame: Frame): string {
  const place = [frame.x + at.x * frame.widthPx, frame.y + at.y * frame.heightPx].map(Math.round).join();
  return `  ${id} (${side}): ${seenBy} at ${place}, ${apart.toFixed(1)} standard deviations from the others`;
}

/** The strangest is named with its place: where one of them is defective, it is likely that one. */
function ofGroup(members: readonly UnlikePart[], frame: Frame): string {
  const strangest = members.reduce((most, part) => (part.apart > most.apart ? part : most));
  const others = `so are ${members.length - 1} more of the ${strangest.group.parts} recorded with it`;
  return `${ofPart(strangest, frame)}; ${others}: another light or material?`;
}
