import { beforeEach, expect, test } from 'vitest';
import { noticing } from '../../../drivers/files.ts';
import { encodeDepthPng16, encodePng } from '../../../drivers/image/png.ts';
import { listSamples } from '../../../drivers/replay/layouts.ts';
import { MemoryFiles } from './memory-files.ts';

const rgb = await encodePng(new Uint8Array(12).fill(9), 2, 2);
const depth = await encodeDepthPng16(Uint16Array.of(4000, 65_535, 0, 4001), 2, 2);

let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
});

async function part(id: string, ends = ['png', 'png'], colour = rgb): Promise<void> {
  const [folder, name] = [id.slice(0, id.lastIndexOf('/')), id.slice(id.lastIndexOf('/') + 1)];
  await files.write(`set/${folder}/rgb/${name}.${ends[0]}`, colour);
  await files.write(`set/${folder}/depth/${name}.${ends[1]}`, depth);
}
const describedBy = (fields: object): Promise<void> =>
  files.write('set/dataset.json', JSON.stringify({ depthMmPerUnit: 0.1, ...fields }));
const ids = async (): Promise<string[]> => (await listSamples(files, 'set')).map(({ id }) => id);

test.each([
  [{ severitty: {} }, 'the field severitty is not known, expected severity?'],
  [{ depthMMPerUnit: 1 }, 'the field depthMMPerUnit is not known, expected depthMmPerUnit?'],
  [{ zzzzzzz: 1 }, 'the field zzzzzzz is not known, expected one of depthMmPerUnit, depthRangeMm'],
  [
    { groups: { 'train/goood/000': 'a' } },
    'groups.train/goood/000 is said of a part that is not there, expected train/good/000?',
  ],
  [
    { tiles: { 'train/good/no-such-part': [1, 2] } },
    'tiles.train/good/no-such-part is said of a part that is not there',
  ],
  [{ severity: { 'train/good/000': 3 } }, 'severity.train/good/000 is 3, expected a text'],
  [{ groups: ['a'] }, 'groups is ["a"], expected an object with a text for each part'],
  [{ noReading: 'none' }, 'noReading is "none", expected a number'],
  [{ depthRangeMm: [420, 380] }, 'depthRangeMm is [420,380], expected [nearest, farthest]'],
  [
    { acceptDepth: ['all'] },
    'acceptDepth is ["all"], expected a list of some of unit, loneValue, impossible, eightBit, constant',
  ],
] as [object, string][])('refused by name: %j', async (fields, text) => {
  await part('train/good/000');
  await describedBy(fields);
  await expect(listSamples(files, 'set')).rejects.toThrow(`set/dataset.json: ${text}`);
});

test('times of parts that were taken out are let be, and a byte order mark of an editor too', async () => {
  await part('train/good/000');
  await files.write('set/dataset.json', '\uFEFF{"depthMmPerUnit":0.1,"capturedAtMs":{"train/good/009":5}}');
  expect(await ids()).toEqual(['train/good/000']);
});

test.each([
  ['{"depthMmPerUnit": 0.1, "depthMmPerUnit": 1}', 'depthMmPerUnit is said twice, expected once'],
  ['{"depthMmPerUnit": 0.1, "groups": {"train/good/000": "a", "train/good/000": "b"}}', '000 is said twice'],
  ['{"depthMmPerUnit": 0.1} // mm', 'expected JSON, which has no comments'],
  ['{"depthMmPerUnit": 0,1}', 'expected JSON, which has no comments, no comma before a bracket, and a point in 0.01'],
  [Buffer.from('{"depthMmPerUnit": 0.1, "notes": "Gehäuse"}', 'latin1'), 'in another encoding, expected text in UTF-8'],
])('refused as text: %s', async (text, problem) => {
  await part('train/good/000');
  await files.write('set/dataset.json', text);
  await expect(listSamples(files, 'set')).rejects.toMatchObject({
    code: 'dataset/field',
    message: expect.stringContaining(problem),
  });
});

test('a name in a text is not said twice, and UTF-16 with its mark is read', async () => {
  await part('train/good/000');
  const text = '{"depthMmPerUnit":0.1,"notes":["\\"rgb\\": {", {"rgb":1}, {"rgb":2}],"rgb":"x","severity":{}}';
  await files.write('set/dataset.json', Buffer.from(`\uFEFF${text}`, 'utf16le'));
  expect(await ids()).toEqual(['train/good/000']);
});

test('noReading: these units and 0 are no reading; others are scaled', async () => {
  await part('train/good/000');
  await describedBy({ noReading: [65_535, 4001] });
  const [sample] = await listSamples(files, 'set');
  expect([...(await sample!.loadDepth()).depthMm]).toEqual([400, 0, 0, 0]);
});

test('endings in any case, JPEG pictures and names of macOS pair up', async () => {
  const { default: sharp } = await import('sharp');
  const jpeg = await sharp(new Uint8Array(12).fill(90), { raw: { width: 2, height: 2, channels: 3 } })
    .jpeg()
    .toBuffer();
  await part('train/good/000', ['PNG', 'Png']);
  await part('train/good/001', ['JPG', 'png'], jpeg);
  // one half spells ü as one letter, the other as u and two dots
  await files.write(`set/train/good/rgb/${'gehäuse'.normalize('NFD')}.jpeg`, jpeg);
  await files.write(`set/train/good/depth/${'gehäuse'.normalize('NFC')}.png`, depth);
  await describedBy({ groups: { ['train/good/gehäuse'.normalize('NFD')]: 'block' } });
  const samples = await listSamples(files, 'set');
  expect(samples.map(({ id }) => id)).toEqual([
    'train/good/000',
    'train/good/001',
    'train/good/gehäuse'.normalize('NFC'),
  ]);
  expect(samples[2]!.group).toBe('block');
  for (const sample of samples) expect(await sample.load()).toMatchObject({ widthPx: 2, heightPx: 2 });
});

test('what desktops leave behind is left out, and its count is said once', async () => {
  await part('train/good/000');
  await describedBy({});
  for (const name of ['._000.png', 'Thumbs.db', '.DS_Store', 'desktop.ini']) {
    for (const what of ['rgb', 'depth']) await files.write(`set/train/good/${what}/${name}`, 'x');
  }
  const said: string[] = [];
  const samples = await listSamples(
    noticing(files, (path, what) => said.push(`${path}: ${what}`)),
    'set',
  );
  expect(samples.map(({ id }) => id)).toEqual(['train/good/000']);
  expect(said).toEqual(['set: 8 files are left out, no part of the data: .DS_Store, ._000.png, Thumbs.db']);
});

test('two files of one name, and images that are not read, are refused by name', async () => {
  await describedBy({});
  await part('train/good/000');
  await files.write('set/train/good/rgb/000.JPG', rgb);
  await expect(ids()).rejects.toThrow('set/train/good/rgb/000.png has the same name as set/train/good/rgb/000.JPG');
  files.contents.delete('set/train/good/rgb/000.JPG');
  await files.write('set/train/good/rgb/001.bmp', rgb);
  await expect(ids()).rejects.toThrow('set/train/good/rgb/001.bmp is not read here; expected .png, .jpg');
  files.contents.delete('set/train/good/rgb/001.bmp');
  await files.write('set/train/good/depth/000.jpg', rgb);
  await expect(ids()).rejects.toThrow('set/train/good/depth/000.jpg is not read here; expected .png, .tif, .tiff');
});

test('a mask that marks nothing, or is drawn in transparency alone, is named', async () => {
  const { default: sharp } = await import('sharp');
  await part('test/dent/000');
  await part('test/good/000');
  await describedBy({});
  const load = async (id: string) => (await listSamples(files, 'set')).find((each) => each.id === id)!.load();
  for (const kind of ['dent', 'good'])
    await files.write(`set/test/${kind}/gt/000.png`, await encodePng(new Uint8Array(4), 2, 2));
  await expect(load('test/dent/000')).rejects.toMatchObject({
    code: 'dataset/truth',
    message: 'Truth mask set/test/dent/gt/000.png marks nothing; its part is of kind dent',
  });
  expect((await load('test/good/000')).truth).toEqual(new Uint8Array(4));
  for (const level of [0, 255]) {
    const pixels = Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? (i > 8 ? 255 : 0) : level));
    const alpha = await sharp(pixels, { raw: { width: 2, height: 2, channels: 4 } })
      .png()
      .toBuffer();
    await files.write('set/test/dent/gt/000.png', alpha);
    await expect(load('test/dent/000')).rejects.toThrow('gt/000.png is drawn in its transparency alone');
  }
});
