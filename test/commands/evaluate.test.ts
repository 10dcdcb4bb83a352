/** `twinspect evaluate` on a real bundle and real pictures: the keys of its JSON, its table, its page, its refusals. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Interrupted } from '../../daemon/commands/command.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { writeBundle } from '../inference/tiny-bundle.ts';
import { call, exported } from './exported.ts';

let folder: string;
beforeAll(async () => {
  folder = await exported();
  await writeBundle(join(folder, 'tiny@1.0.0'), await tinyFiles());
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const evaluate = (options: string, given = {}) => call(folder, `evaluate --bundle tiny@1.0.0 ${options}`, given);

const figures = [
  ...['images', 'imageAuroc', 'pixelAuroc', 'aupro30', 'aupro1', 'aupro1At100', 'f1AtThreshold', 'f1MaxOnTest'],
  ...['missRate', 'falseRejectRate', 'undecidedRate', 'perKind'],
];

test('--json prints the figures under their agreed keys, for both sources and each alone', async () => {
  const { code, out } = await evaluate('--data data --json');
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(Object.keys(result)).toEqual([...figures, 'networkOnly', 'geometryOnly']);
  for (const source of [result, result.networkOnly, result.geometryOnly]) {
    expect(Object.keys(source)).toEqual(expect.arrayContaining(figures));
    expect(source.images).toBe(10);
    expect(Object.keys(source.perKind)).toEqual(['dent', 'stain']);
    for (const name of figures.slice(1, -1)) {
      if (source[name] === null) continue;
      expect(source[name], name).toBeGreaterThanOrEqual(0);
      expect(source[name], name).toBeLessThanOrEqual(1);
    }
    expect(source.imageAuroc).toEqual(expect.any(Number));
    expect(source.aupro30).toEqual(expect.any(Number));
  }
  expect(result.perKind.dent).toMatchObject({
    images: 3,
    imageAuroc: expect.any(Number),
    missRate: expect.any(Number),
  });
});

test('the table says the same for people; --report writes one page that needs nothing else', async () => {
  const { code, out, err } = await evaluate('--data data --report pages/first');
  expect(code).toBe(0);
  expect(out).toMatch(/^10 parts +both +network +geometry$/m);
  expect(out).toMatch(/^image AUROC( +[01]\.\d{4}){3}$/m);
  // each part is a group of its own here; the interval holds the figure it belongs to
  const numbers = (line: RegExp): number[] => [...line.exec(out)![1]!.matchAll(/[01]\.\d{4}/g)].map(Number);
  const figure = numbers(/^image AUROC(.*)$/m);
  const [from, to] = [numbers(/^ {2}95 %, 10 groups: from(.*)$/m), numbers(/^ {2}to(.*)$/m)];
  for (const [source, value] of figure.entries()) {
    expect(from[source]).toBeLessThanOrEqual(value);
    expect(to[source]).toBeGreaterThanOrEqual(value);
  }
  expect(out).toMatch(/^ {2}dent \(3\)/m);
  expect(err).toContain(`report: ${join(folder, 'pages/first/report.html')}`);
  expect(await readdir(join(folder, 'pages/first'))).toEqual(['report.html']);
  const page = await readFile(join(folder, 'pages/first/report.html'), 'utf8');
  expect(page).toContain('tiny@1.0.0');
  expect(page).toContain('data:image/png;base64,');
  expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);
});

test('stopped by Ctrl-C it prints no figures', async () => {
  const { code, out } = await evaluate('--data data --json', {
    signal: AbortSignal.abort(new Interrupted('SIGINT', 130)),
  });
  expect({ code, out }).toEqual({ code: 130, out: '' });
});

test('a folder without test parts, a part without its truth, a bundle that is edited', async () => {
  await cp(join(folder, 'data'), join(folder, 'trainOnly'), { recursive: true });
  await rm(join(folder, 'trainOnly/test'), { recursive: true });
  expect((await evaluate('--data trainOnly')).err).toContain('error dataset/layout');

  await cp(join(folder, 'data'), join(folder, 'noTruth'), { recursive: true });
  await rm(join(folder, 'noTruth/test/dent/gt/001.png'));
  const blind = await evaluate('--data noTruth --json');
  expect(blind.err).toContain('error dataset/partner');
  expect(blind.err).toContain('test/dent/gt/001.png');
  expect(blind).toMatchObject({ code: 1, out: '' });

  await cp(join(folder, 'tiny@1.0.0'), join(folder, 'edited@1.0.0'), { recursive: true });
  await writeFile(join(folder, 'edited@1.0.0/golden/dent.map'), 'edited');
  const edited = await call(folder, 'evaluate --bundle edited@1.0.0 --data data');
  expect(edited.err).toContain('error bundle/digest');
  expect((await call(folder, 'evaluate --bundle none@1 --data data')).err).toContain('error bundle/missing');
});
