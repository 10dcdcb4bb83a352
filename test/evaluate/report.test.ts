import { describe, expect, it } from 'vitest';
import { evaluateInDetail, worstFalseAlarms, worstMisses } from '../../models/evaluate/evaluate.ts';
import { maxPicturedParts, type PicturedPart, type ReportInput, reportPage } from '../../models/evaluate/report.ts';
import { rateChart, scoreHistogram, teachingChart } from '../../models/evaluate/report-charts.ts';
import type { Sample } from '../../models/evaluate/samples.ts';
import { seeded } from '../../models/random.ts';

/** One white pixel. */
const png = Uint8Array.from(
  atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=='),
  (c) => c.charCodeAt(0),
);

/** A kind may be followed by its severity: `dent/faint`. */
function parts(kinds: readonly string[]): Sample[] {
  const random = seeded(13);
  return kinds.map((named, i) => {
    const [kind, severity = null] = named.split('/') as [string, string?];
    const truth = Uint8Array.from({ length: 16 }, (_, p) => (kind !== 'good' && p < 3 ? 1 : 0));
    const map = Float32Array.from(truth, (value) => value + random.uniform());
    const one = { score: i === 0 ? Number.NaN : Math.max(...map), map };
    const outcome = i === 0 ? 'undecided' : one.score < 1.2 ? 'pass' : 'fail';
    return {
      id: `p${i}`,
      kind,
      severity,
      group: 'g',
      truth,
      widthPx: 4,
      heightPx: 4,
      outcome,
      sources: { both: one, network: one, geometry: null },
    };
  });
}

async function input(kinds: readonly string[]): Promise<ReportInput> {
  const { figures, detail } = await evaluateInDetail(parts(kinds), { threshold: 1.2 });
  const pictured = (image: PicturedPart['image']): PicturedPart => ({
    image,
    pictures: { rgb: png, depth: png, map: png, mask: png },
  });
  return {
    bundle: 'lid@1.2.0',
    data: 'lids/test',
    figures,
    detail,
    misses: worstMisses(detail, 4).map(pictured),
    falseAlarms: worstFalseAlarms(detail, 4).map(pictured),
    teaching: [3, 1, 0.2],
  };
}

const kinds = ['good', 'good', 'good', 'dent', 'dent', 'stain', 'stain', 'stain'];
const voids = new Set(['meta', 'img', '!doctype']);

/** Tags opened and not closed, or closed and not open. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, rest] of html.replace(/<style>.*?<\/style>/s, '').matchAll(/<(\/?)([!\w]+)([^>]*)>/g)) {
    if (slash === '' && !rest!.endsWith('/') && !voids.has(name!)) open.push(name!);
    else if (slash === '/' && open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe('the page', () => {
  it('is whole, tells every figure and shows what was missed', async () => {
    const given = await input(kinds);
    const page = reportPage(given);
    expect(unbalanced(page)).toEqual([]);
    for (const value of [given.figures.aupro30, given.figures.aupro1At100, given.figures.pixelAuroc]) {
      expect(page).toContain(`<td>${value!.toFixed(4)}`);
    }
    for (const kind of ['dent', 'stain']) expect(page).toContain(`<td>${kind}</td>`);
    expect(given.misses.length + given.falseAlarms.length).toBeGreaterThan(0);
    expect(page.match(/<img /g)?.length).toBe(4 * (given.misses.length + given.falseAlarms.length));
    expect(page).toContain('1 part without a score');
    expect(page).toContain(btoa(String.fromCharCode(...png)));
  });

  it('needs nothing from anywhere: no script, no link, every source is data', async () => {
    const page = reportPage(await input(kinds));
    expect(page).not.toMatch(/<script|<link|https?:|url\(|@import/i);
    for (const [, source] of page.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(source).toMatch(/^data:image\/png;base64,/);
    expect(page).toContain("default-src 'none'");
  });

  it('draws detection against severity, a drawing and a column for each, from faint to gross', async () => {
    const page = reportPage(await input(['good', 'good', 'dent/gross', 'dent/faint', 'stain/middle', 'warp']));
    expect(unbalanced(page)).toEqual([]);
    expect([...page.matchAll(/Detection of (\w+) against severity/g)].map(([, kind]) => kind)).toEqual([
      'dent',
      'stain',
    ]);
    const head = /<table class="kinds"><thead>.*?<tr>(.*?)<\/tr><\/thead>/.exec(page)![1]!;
    const columns = [...head.replace(/^.*?<\/tr>/, '').matchAll(/<th[^>]*>(\w+)<\/th>/g)].map(([, name]) => name);
    expect(columns).toEqual(Array(3).fill(['faint', 'middle', 'gross', 'all']).flat());
    expect(page).not.toContain('NaN');
  });

  it('shows foreign names as text', async () => {
    const given = await input(['good', 'good', '<b onload="x">&\'']);
    const page = reportPage({ ...given, bundle: '<script>alert(1)</script>' });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b onload');
    expect(unbalanced(page)).toEqual([]);
  });

  it('of good parts only: what has no figure is a dash, what has no curve is not drawn', async () => {
    const page = reportPage(await input(['good', 'good']));
    expect(unbalanced(page)).toEqual([]);
    expect(page).toContain('<td>Image AUROC</td><td>–</td><td>–</td><td>–</td>');
    expect(page).toContain('The test set has no defective part.');
    expect(page.match(/<svg /g)?.length).toBe(2);
    expect(page).not.toContain('NaN');
  });

  it('counts what it does not show, and tells an interval', async () => {
    const given = await input(kinds);
    const one = [...given.misses, ...given.falseAlarms][0]!;
    const interval = { value: 0.9, low: 0.8123, high: 0.95, groups: 5, resamples: 100, leftOut: 0 };
    const misses = new Array<PicturedPart>(maxPicturedParts + 2).fill(one);
    const page = reportPage({ ...given, misses, intervals: { imageAuroc: interval } });
    expect(page).toContain('2 more parts not shown.');
    expect(page).toContain('<small>0.8123 to 0.9500</small>');
  });

  it('refuses a picture that is no PNG, by name', async () => {
    const given = await input(kinds);
    const image = given.detail.images[3]!;
    const misses = [{ image, pictures: { rgb: png, depth: png, map: Uint8Array.of(0xff, 0xd8), mask: png } }];
    expect(() => reportPage({ ...given, misses })).toThrow(
      'Picture map of p3 is 2 bytes of something else, expected a PNG',
    );
  });
});

describe('the drawings', () => {
  it('puts (0,0) at the lower left and the end of the curve at the upper right', () => {
    const series = [
      {
        name: 'both',
        css: 'both',
        points: [
          { x: 0, y: 0 },
          { x: 0.3, y: 1 },
        ],
      },
    ];
    expect(rateChart({ title: 't', x: 'x', xMax: 0.3 }, series)).toContain('points="46.0,250.0 430.0,14.0"');
  });
  it('draws as many bars as there are scores apart, good above the axis and defective below', () => {
    const drawn = scoreHistogram([0, 1, Number.NaN], [4, 5, 6], 3);
    expect(drawn.match(/class="good"/g)?.length).toBe(2);
    expect(drawn.match(/class="bad"/g)?.length).toBe(3);
    expect(drawn).toContain('threshold 3');
    expect(drawn).not.toContain('NaN');
  });
  it('stretches the axis where one far defect would flatten the rest', () => {
    const near = [1, 1.2, 1.4, 1.6, 1.8];
    expect(scoreHistogram(near, [2.2, 2.4, 900], 2)).toContain('stretched');
    expect(scoreHistogram(near, [2.2, 2.4, 900], 2).match(/class="good"/g)!.length).toBeGreaterThan(2);
    expect(scoreHistogram(near, [2.2, 2.4], 2)).not.toContain('stretched');
  });
  it('survives one score, one epoch, equal losses', () => {
    for (const drawn of [scoreHistogram([1], [], 1), teachingChart([1]), teachingChart([2, 2])]) {
      expect(drawn).not.toMatch(/NaN|Infinity/);
    }
  });
});
