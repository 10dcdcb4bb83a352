/** The tables of a teaching's report: what a bundle's manifest says was measured on good parts, for people. */

import type { Area, Manifest } from '../bundle/manifest.ts';
import { escaped } from '../evaluate/svg.ts';

const number = (value: number): string => `${Number(value.toPrecision(3))}`;
const percent = (share: number): string => `${number(100 * share)} %`;

export function measuredTables(manifest: Manifest): string {
  return rows(measured(manifest)) + sources(manifest) + rows(lineage(manifest));
}

type Row = readonly [name: string, value: string, means: string];

function measured({ input, roi, ignore, datum, depthScale, minJudgedShare, vitals, variants }: Manifest): Row[] {
  const { pixelThreshold, leastAreaPx } = variants[0]!;
  const told: Row[] = [
    ['Pictures', `${input.widthPx} x ${input.heightPx}`, 'pixels, both modalities on one grid'],
    ['Looked at', roi === null ? 'everything' : area(roi), 'region of interest, pixels'],
    ['Never judged', ignore.length === 0 ? 'nothing' : ignore.map(area).join(', '), 'ignored areas, pixels'],
    ['Height', `${number(depthScale.heightMm)} mm`, 'above the pose reference; 90 % of good pixels stay below'],
    ['Slope', `${number(depthScale.slopeMmPerPx)} mm`, 'step to the next pixel that 90 % stay below'],
    ['Distance', `${number(depthScale.centreMm)} mm`, 'middle of the depth'],
  ];
  if (datum.kind === 'fitted') {
    told.push(['Offset', `±${number(datum.offsetLimitMm)} mm`, 'of the fitted plane; beyond it a part is undecided']);
    told.push(['Tilt', `±${number(datum.tiltLimitMmAcross)} mm`, 'of the fitted plane across the picture']);
  } else told.push(['Datum', `fixed, ${number(datum.offsetMm)} mm`, 'the plane that all good parts had']);
  told.push(['Seen', percent(minJudgedShare), 'of the part, by each camera; below it a part is undecided']);
  if (vitals !== undefined) {
    const { rgb, depth } = vitals;
    told.push(
      [
        'Colour alive',
        `${number(rgb.contrast)} and ${number(rgb.grain)}`,
        'grey levels of contrast and grain at least',
      ],
      ['Depth alive', `${number(depth.contrast)} and ${number(depth.grain)} mm`, 'contrast and grain at least'],
    );
  }
  told.push(['Region', `${number(pixelThreshold)}`, `map value of its outline; at least ${leastAreaPx} pixels`]);
  return told;
}

const area = ({ x, y, widthPx, heightPx }: Area): string => `${x},${y} ${widthPx} x ${heightPx}`;

function rows(told: readonly Row[]): string {
  const body = told.map(
    ([name, value, means]) =>
      `<tr><td>${name}</td><td class="left">${escaped(value)}</td><td class="left soft">${escaped(means)}</td></tr>`,
  );
  return `<div class="wide"><table class="told"><tbody>${body.join('')}</tbody></table></div>`;
}

/** How far each source of the map is trusted: drawn as a bar, for the weights say what the map listens to. */
function sources({ variants }: Manifest): string {
  const body = variants[0]!.sources.map(({ name, weight, centre, scale }) => {
    const bar = `<i class="bar"><i style="width:${Math.round(100 * Math.min(1, weight))}%"></i></i>`;
    const cells = [number(weight), number(centre), number(scale)].map((cell) => `<td>${cell}</td>`);
    return `<tr><td>${escaped(name)}</td><td>${bar}</td>${cells.join('')}</tr>`;
  });
  const head = ['source', '', 'weight', 'middle', 'tail'].map((word) => `<th>${word}</th>`).join('');
  return (
    '<h3>Sources of the map</h3><p class="soft">A weight of 1 is full trust. Where the level of whole good parts ' +
    'wanders with light or material, a source is trusted less. Middle and tail are its values on held-out good ' +
    `parts.</p><div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>` +
    '<h3>Origin</h3>'
  );
}

function lineage({ taught, files, peakMemoryMb }: Manifest): Row[] {
  return [
    ['Teacher', taught.teacher.source, `sha256 ${taught.teacher.digest.slice(0, 16)}`],
    ['Its licence', taught.teacher.licence, ''],
    ['Parts', `${taught.parts} + ${taught.heldOut}`, `sha256 of all pixels ${taught.dataDigest.slice(0, 16)}`],
    ['Files', `${Object.keys(files).length + 1}`, `about ${peakMemoryMb} MB of memory to run`],
  ];
}
