import { beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { seeded } from '../../models/random.ts';
import { type TeachingReport, teachingPage } from '../../models/teach/report.ts';
import { rateChart } from '../../models/teach/report-charts.ts';
import { scoreThreshold } from '../../models/teach/threshold.ts';
import { tinyFiles } from '../inference/taught-once.ts';

let manifest: Manifest;
beforeAll(async () => {
  manifest = JSON.parse(new TextDecoder().decode((await tinyFiles()).get('manifest.json')));
});

/** One white pixel. */
const png = Uint8Array.from(
  atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=='),
  (c) => c.charCodeAt(0),
);

function report(heldOut: number, wanted: number, changes: Partial<TeachingReport> = {}): TeachingReport {
  const random = seeded(5);
  const heldOutScores = Array.from({ length: heldOut }, () => 1 + random.uniform());
  const score = scoreThreshold(heldOutScores, wanted);
  const thresholds = { score, heldOutScores, pixelThreshold: 1, leastAreaPx: 2, minJudgedShare: 0.4 };
  const taught = { manifest, files: new Map(), thresholds, unlike: [] };
  return { taught, data: 'plates', seconds: 200, warnings: [], unlike: [], highest: [], ...changes };
}

describe('the page of a teaching', () => {
  it('states the false-reject rate with its interval, and that it is supported', () => {
    const { taught } = report(199, 0.01);
    const page = teachingPage(report(199, 0.01));
    const [low, high] = taught.thresholds.score.interval95;
    expect(page).toContain('The threshold lies just above number 2 from above of 199 held-out scores.');
    expect(page).toContain('about 1 % will fail');
    for (const end of [low, high]) expect(page).toContain(`${Number((100 * end).toPrecision(2))} %`);
    expect(page).toContain('supported');
    expect(page).toContain('3.3 min');
  });

  it('says how many parts are missing where they are too few for the rate', () => {
    const page = teachingPage(report(20, 0.01));
    expect(page).toContain('the highest of 20 held-out scores');
    expect(page).toContain('20 parts support a rate of 4.8 % at the lowest: 79 more good parts are needed');
    expect(page).toContain('needs 79 more parts');
  });

  it('shows curve, scores, belief, parts, warnings and what was measured; needs nothing from anywhere', () => {
    const row = (id: string) => ({ id, said: 'score 2.1', pictures: [{ shows: 'depth', png }] });
    const warnings = ['2 good parts look <unlike> the rest:'];
    const page = teachingPage(report(40, 0.02, { warnings, unlike: [row('u')], highest: [row('a'), row('b')] }));
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page.match(/<img /g)).toHaveLength(3);
    expect(page).toContain('<li>2 good parts look &#60;unlike&#62; the rest.</li>');
    for (const { name } of manifest.variants[0]!.sources) expect(page).toContain(`<td>${name}</td>`);
    for (const word of ['Colour alive', 'Depth alive', 'Height', 'Offset', 'Its licence']) expect(page).toContain(word);
    expect(page).not.toMatch(/<script|<link|https?:|url\(|@import|NaN|undefined|Infinity/);
    for (const [, source] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(source).toMatch(/^data:image\/png/);
  });

  it('of a bundle from before the signs of life were measured says nothing of them', () => {
    const { taught, ...rest } = report(40, 0.02);
    const { vitals: _, ...old } = manifest;
    const page = teachingPage({ ...rest, taught: { ...taught, manifest: old } });
    expect(page).not.toContain('alive');
  });
});

it('draws a belief for few parts and many, its marks inside the frame', () => {
  for (const [n, wanted] of [
    [2, 0.5],
    [40, 0.001],
    [5000, 0.01],
  ] as const) {
    const scores = Array.from({ length: n }, (_, i) => i + 1);
    const { expected, interval95 } = scoreThreshold(scores, wanted);
    const drawn = rateChart({ k: Math.round(expected * (n + 1)), n, wanted, expected, interval95 });
    expect(drawn).not.toMatch(/NaN|Infinity/);
    const ends = [...drawn.matchAll(/<line class="(?:mark|threshold)" x1="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(ends).toHaveLength(2);
    for (const x of ends) {
      expect(x).toBeGreaterThanOrEqual(46);
      expect(x).toBeLessThanOrEqual(430);
    }
  }
});
