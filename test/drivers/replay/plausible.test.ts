import { expect, test } from 'vitest';
import { decodeDepthPng16, encodeDepthPng16, encodePng } from '../../../drivers/image/png.ts';
import { openCamera } from '../../../drivers/index.ts';
import { listSamples } from '../../../drivers/replay/layouts.ts';
import { expectPlausible } from '../../../drivers/replay/plausible.ts';
import { renderPart } from '../../../drivers/synthetic/part.ts';
import { seeded } from '../../../models/random.ts';
import { writeTiff } from '../image/tiff-writer.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { MemoryFiles } from './memory-files.ts';

const [widthPx, heightPx] = [40, 30];
const pixels = widthPx * heightPx;
const rgb = await encodePng(new Uint8Array(pixels * 3).fill(9), widthPx, heightPx);

/** Units of a plate 400 mm away (0.1 mm each) with relief, noise and 2 % without a reading. */
function plate(seed: number): Uint16Array {
  const random = seeded(seed, 1);
  return Uint16Array.from({ length: pixels }, (_, i) =>
    i % 50 === 0 ? 0 : 4000 + (i % 40) + Math.floor(random.uniform() * 9),
  );
}

async function folder(units: (part: number) => Uint16Array, fields: object = {}, parts = 5): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await files.write('set/dataset.json', JSON.stringify({ depthMmPerUnit: 0.1, ...fields }));
  for (let part = 0; part < parts; part++) {
    await files.write(`set/train/good/rgb/00${part}.png`, rgb);
    await files.write(`set/train/good/depth/00${part}.png`, await encodeDepthPng16(units(part), widthPx, heightPx));
  }
  return files;
}
const ask = async (files: MemoryFiles): Promise<void> => expectPlausible('set', await listSamples(files, 'set'));

/** Every `each`th pixel has this unit instead. */
const with1 = (unit: number, each: number) => (part: number) =>
  plate(part).map((value, i) => (i % each === 1 ? unit : value));

test('usual depth is not asked about: a plate, one on a belt below it, and what is rendered', async () => {
  await ask(await folder(plate));
  await ask(await folder((part) => plate(part).map((unit, i) => (i % 40 > 20 ? 4600 + (i % 3) : unit))));
  const { depthMm } = renderPart({ seed: 4, part: 2, defect: null, grid: { widthPx, heightPx } });
  await ask(await folder(() => Uint16Array.from(depthMm, (mm) => Math.round(mm * 10))));
  // coarse steps and a flat table: one value, and its neighbours beside it
  await ask(
    await folder(
      (part) => plate(part).map((unit, i) => (i % 30 === 2 ? 440 + ((i >> 6) % 2) : Math.round(unit / 10))),
      { depthMmPerUnit: 1 },
    ),
  );
});

test.each([
  [65_535, 20, '65535 (6554 mm) fills 5 % of the pixels of 5 of 5 parts'],
  [65_535, 150, 'depth 65535'],
  [10_000, 40, 'depth 10000 (1000 mm)'],
  [1, 40, 'depth 1 (0.1 mm)'],
])('a value far from the rest is asked about: %i in one of %i pixels', async (unit, each, text) => {
  const asked = ask(await folder(with1(unit, each)));
  await expect(asked).rejects.toMatchObject({ code: 'dataset/loneValue' });
  await expect(ask(await folder(with1(unit, each)))).rejects.toThrow(text);
  await expect(ask(await folder(with1(unit, each)))).rejects.toThrow(
    /far from the others \(400\.\d to 404\.\d mm\): train\/good\/000/,
  );
});

test('it is settled by noReading, which takes the readings away, or by acceptDepth, which keeps them', async () => {
  const taken = await folder(with1(65_535, 20), { noReading: 65_535 });
  await ask(taken);
  const [sample] = await listSamples(taken, 'set');
  const { depthMm } = await sample!.loadDepth();
  expect(depthMm.filter((mm) => mm > 500)).toHaveLength(0);
  await ask(await folder(with1(65_535, 20), { acceptDepth: ['loneValue'] }));
  await expect(ask(await folder(with1(65_535, 20), { acceptDepth: ['unit', 'constant'] }))).rejects.toThrow('65535');
  // few enough to be edges
  await ask(await folder(with1(65_535, 300)));
});

test.each([
  [
    1e-4,
    '0.4024 mm from the camera in the middle of 5 parts, expected 80 to 3000 mm ' +
      '(it would be 402.4 mm with a unit 1000 times larger)',
  ],
  [0.01, '40.24 mm from'],
  [1, '4024 mm from'],
  [100, '402400 mm from'],
])('a unit that puts the parts where no line has them is asked about: %f', async (depthMmPerUnit, text) => {
  const asked = ask(await folder(plate, { depthMmPerUnit }));
  await expect(asked).rejects.toMatchObject({ code: 'dataset/unit' });
  await expect(ask(await folder(plate, { depthMmPerUnit }))).rejects.toThrow(text);
  await ask(await folder(plate, { depthMmPerUnit, acceptDepth: ['unit'] }));
});

test('where the parts lie may be said; then a unit ten times off is found anywhere', async () => {
  const bench = { depthMmPerUnit: 0.01, depthRangeMm: [35, 45] };
  await ask(await folder(plate, bench));
  await expect(ask(await folder(plate, { depthRangeMm: [900, 1100] }))).rejects.toThrow('expected 900 to 1100 mm');
  await expect(ask(await folder(plate, { ...bench, depthMmPerUnit: 0.1 }))).rejects.toThrow('10 times smaller');
});

test('one part of another unit among the others is named', async () => {
  const mixed = await folder((part) => plate(part).map((unit) => (part === 3 ? unit / 10 : unit)));
  await expect(ask(mixed)).rejects.toThrow('40.2 mm from the camera in train/good/003, expected about 402');
});

test('8 bit in 16 is asked about, whichever way it was spread; 8-bit files are refused as such', async () => {
  const eight = (spread: (level: number) => number) => (part: number) =>
    Uint16Array.from(plate(part), (unit) => (unit === 0 ? 0 : spread(Math.min(255, 100 + unit - 4000))));
  for (const spread of [(level: number) => level * 256, (level: number) => level * 257]) {
    const asked = ask(await folder(eight(spread), { depthMmPerUnit: 0.02 }));
    await expect(asked).rejects.toMatchObject({ code: 'dataset/eightBit', values: { count: 5 } });
  }
  await expect(
    ask(
      await folder(
        eight((level) => level),
        { depthMmPerUnit: 2 },
      ),
    ),
  ).rejects.toMatchObject({ code: 'dataset/eightBit' });
  const files = await folder(plate);
  const grey = await encodePng(new Uint8Array(pixels).fill(3), widthPx, heightPx);
  await expect(decodeDepthPng16(grey, 'd.png')).rejects.toThrow('d.png has 8 bit, which is 256 distances at the most');
  await files.write('set/train/good/depth/002.png', grey);
  await expect(ask(files)).rejects.toMatchObject({ code: 'image/eightBit' });
});

test('depth of one value in most parts is asked about', async () => {
  const flat = (part: number): Uint16Array => (part > 1 ? new Uint16Array(pixels).fill(4000) : plate(part));
  await expect(ask(await folder(flat))).rejects.toMatchObject({
    code: 'dataset/constant',
    values: { count: 3, shows: '400 mm everywhere' },
  });
  await ask(await folder(flat, { acceptDepth: ['constant'] }));
});

test('replay asks before the line starts', async () => {
  const replay = { folder: 'set', pace: 'stepped' };
  const files = await folder(with1(65_535, 20));
  const opened = openCamera({ id: 'a', driver: 'replay', replay }, new SimulatedClock(), files);
  await expect(opened).rejects.toMatchObject({ code: 'dataset/loneValue' });
});

test.each([-0.001, 3.4e38, 101])(
  '%d m is no distance from a camera, in one pixel too, until somebody says what it is',
  async (odd) => {
    const metres = Array.from(plate(3), (unit, i) => (i === 77 ? odd : unit / 10_000));
    const xyz = writeTiff(
      metres.flatMap((z) => [0, 0, z]),
      { widthPx, heightPx },
    );
    const files = new MemoryFiles();
    await files.write('set/train/good/rgb/000.png', rgb);
    await files.write('set/train/good/xyz/000.tiff', xyz);
    await expect(ask(files)).rejects.toMatchObject({
      code: 'dataset/impossible',
      message: expect.stringContaining('0.08333 % of the pixels of 1 of 1 parts have a depth below 0 or beyond 100 m'),
    });
    await files.write('set/dataset.json', JSON.stringify({ noReading: odd }));
    await ask(files);
    await files.write('set/dataset.json', JSON.stringify({ acceptDepth: ['impossible'] }));
    await ask(files);
  },
);
