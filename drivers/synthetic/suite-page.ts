/** The page docs/suite.md, from the tables that the parts of the suite are painted with. */
import { levelNames } from './amounts.ts';
import { allKindNames } from './defects.ts';
import { depthNoiseMm, rgbNoiseLevels } from './sensors.ts';
import { faceLevels, type LevelFacts, levelFacts, oneDecimal, suiteMissingShare } from './suite-facts.ts';
import { tolerance } from './surface.ts';

const percent = (share: number): string => `${oneDecimal(share * 100)} %`;

const faceNoise = oneDecimal(rgbNoiseLevels(faceLevels));

const text = `# The synthetic suite

Printed by \`twinspect synthetic --describe\` from the tables that the parts are painted with. The set itself is made by
\`twinspect synthetic --suite --out DIR\`: 120 good parts to learn from, 120 held out, 200 to test on, and of each kind
the same 50 defective parts at three severities. \`deepDent\` and \`low\` come only when \`--kinds\` names them.

**In every picture, good or bad:**

- light: brightness +-${percent(tolerance.brightness)}, warmth +-${percent(tolerance.warmth)}
- play in the fixture: shift +-${tolerance.shiftMm} mm each way, turn +-${tolerance.turn * 1000} mrad,
  height +-${tolerance.liftMm} mm, tilt +-${tolerance.tiltMmAcross} mm over the part
- noise of one pixel, standard deviation: depth ${depthNoiseMm} mm, colour ${faceNoise} grey levels
  at level ${faceLevels}, the plate's face
- no depth on ${percent(suiteMissingShare)} of the part's pixels, on average: shadow, glare and steep edges, which
  belong to the shape; frayed edges, speckles and patches of up to 7 mm2, which differ from part to part

**Severities.** They were fixed before any detector saw them. Lengths are in mm. \`strength\` is the share of paint
(scratch: bare metal, stain: dark, colour: a tint of 35 %, crack: black). \`breakHalfWidths\` says where the break of a
feature runs, in half widths from its middle: less is graver. The last two columns are the largest change on the plate's
face in standard deviations of one pixel's noise, - where that sensor shows nothing; \`dropout\` has none, it is nothing
but missing readings. Of a missing feature they are those of the least one, a fin. \`deepDent\` is 36 mm, 120 px,
across, its floor flat over the inner half. The truth of \`low\` is the whole part.
`;

export function suitePage(): string {
  const rows = allKindNames.flatMap((kind) =>
    levelNames.map((level) => {
      const { amount, rgbNoiseSd, depthNoiseSd } = levelFacts(kind, level);
      return [kind, level, inWords(amount), String(rgbNoiseSd ?? '-'), String(depthNoiseSd ?? '-')];
    }),
  );
  return `${text}\n${table([['kind', 'severity', 'amount', 'colour, sd', 'depth, sd'], ...rows])}`;
}

function inWords(amount: LevelFacts['amount']): string {
  return Object.entries(amount)
    .map(([name, value]) => (name === 'breakHalfWidths' && value < -10 ? 'nothing left' : `${name} ${value}`))
    .join(', ');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return [line(rows[0]!), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('');
}
