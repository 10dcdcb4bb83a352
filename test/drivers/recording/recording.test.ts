import { McapIndexedReader, McapWriter } from '@mcap/core';
import { expect, test } from 'vitest';
import { decodeImage, encodeImage } from '../../../drivers/recording/image-message.ts';
import { type Recorded, readRecording } from '../../../drivers/recording/reader.ts';
import { syncEveryMs } from '../../../drivers/recording/recorder.ts';
import { inPieces, MemoryFile, periodMs, readAll, record, unlimited } from './recorded.ts';

const said = (items: readonly Recorded[]): string[] =>
  items.map((item) => {
    if ('stamp' in item) return `${item.stamp.modality} ${item.stamp.trigger}`;
    const { event } = item;
    if (event.kind === 'triggered') return `trigger ${event.count} ${event.partId}`;
    if (event.kind === 'dropped') return `dropped ${event.modality} ${event.trigger}: ${event.reason}`;
    return event.kind === 'lost' ? `lost: ${event.reason}` : event.kind;
  });

test('what the cameras said comes back in order, the pixels to the bit, the stamps to the microsecond', async () => {
  const { file, heard, summary } = await record(5 * periodMs + 50);
  const { items, damage } = await readAll(file.contents());
  expect(damage).toBeNull();
  expect(said(items)).toEqual(heard.log);
  expect(summary).toMatchObject({ triggers: 5, frames: 10, dropped: 0, why: 'stopped', bytes: file.bytes });
  const frames = items.filter((item) => 'stamp' in item);
  expect(frames).toHaveLength(10);
  for (const [i, { stamp, image }] of frames.entries()) {
    const { release: _, cameraId, ...original } = heard.frames[i]!;
    expect(image.frameId).toBe(cameraId);
    const pixels =
      original.modality === 'rgb' ? original.pixels : new Uint8Array((original.depthMm as Float32Array).buffer);
    expect(Buffer.compare(image.data, pixels)).toBe(0);
    const { widthPx, heightPx, frameId, trigger, capturedAtUs, arrivedAtMs, complete, modality } = original;
    expect(image).toMatchObject({ widthPx, heightPx });
    expect(stamp).toEqual({ frameId, trigger, capturedAtUs, arrivedAtMs, complete, modality });
  }
});

test('drops, losses and returns are recorded as they were', async () => {
  const { file, heard } = await record(8 * periodMs, {
    synthetic: {
      faults: (part) =>
        part === 2 ? { kind: 'lose', of: ['rgb'] } : part === 4 ? { kind: 'disconnect', forMs: 150 } : null,
    },
  });
  expect(heard.log.join()).toMatch(/dropped rgb 2.*lost: .*recovered/);
  expect(said((await readAll(file.contents())).items)).toEqual(heard.log);
});

test('a calibration travels inside', async () => {
  const { file } = await record(periodMs, { calibration: '{"schema": "x"}' });
  const { info } = await readRecording(inPieces(file.contents()), 'a.mcap');
  expect(info).toMatchObject({ calibration: '{"schema": "x"}', beganAtMs: 1.7e12 });
  expect(info.cameras).toEqual([{ id: 'cam', modalities: ['rgb', 'depth'] }]);
});

test('cut anywhere it gives every whole message before the cut, in order, and says that it is cut', async () => {
  const { file, heard } = await record(3 * periodMs + 50);
  const bytes = file.contents();
  let most = 0;
  for (let length = 2000; length < bytes.length - 40; length += 3001) {
    const { items, damage } = await readAll(bytes.slice(0, length));
    expect(damage).toMatch(/cut/);
    expect(said(items)).toEqual(heard.log.slice(0, items.length));
    expect(items.length).toBeGreaterThanOrEqual(most);
    most = items.length;
  }
  expect(most).toBe(heard.log.length);
});

test('damaged inside it gives what stands before the damage, and says where its checksum failed', async () => {
  const { file, heard } = await record(4 * periodMs + 50);
  const bytes = file.contents();
  bytes[Math.floor(bytes.length * 0.4)]! ^= 0xff;
  const { items, damage } = await readAll(bytes);
  expect(damage).toMatch(/damaged: .*CRC/);
  expect(items.length).toBeGreaterThan(0);
  expect(items.length).toBeLessThan(heard.log.length);
  expect(said(items)).toEqual(heard.log.slice(0, items.length));
});

test('other tools find an index, channels with schemas and their times', async () => {
  const { file } = await record(2 * periodMs + 50);
  const bytes = file.contents();
  const readable = {
    size: async () => BigInt(bytes.length),
    read: async (offset: bigint, size: bigint) => bytes.subarray(Number(offset), Number(offset + size)),
  };
  const reader = await McapIndexedReader.Initialize({ readable });
  expect(reader.header.profile).toBe('ros2');
  const topics = [...reader.channelsById.values()].map(({ topic, messageEncoding }) => `${topic} ${messageEncoding}`);
  expect(topics.sort()).toEqual(['/cam/depth cdr', '/cam/events json', '/cam/rgb cdr']);
  let count = 0;
  for await (const message of reader.readMessages({ topics: ['/cam/rgb'] })) {
    expect(Number(message.publishTime / 1_000_000n)).toBe(1.7e12 + ++count * periodMs);
    expect(decodeImage(message.data)).toMatchObject({ encoding: 'rgb8', widthPx: 48, heightPx: 32 });
  }
  expect(count).toBe(2);
});

test.each<[string, () => Promise<Uint8Array> | Uint8Array, RegExp]>([
  ['an empty file', () => new Uint8Array(0), /Cannot read a\.mcap as a recording: it is empty/],
  ['a text', () => new TextEncoder().encode('hello, this is no recording at all'), /it is no MCAP file/],
  ['one byte', () => Uint8Array.of(0x89), /it is cut/],
  [
    'a recording of another program',
    async () => {
      const file = new MemoryFile();
      const mcap = new McapWriter({ writable: { write: (b) => file.write(b), position: () => BigInt(file.bytes) } });
      await mcap.start({ profile: '', library: 'other' });
      await mcap.end();
      return file.contents();
    },
    /an MCAP file of another program/,
  ],
])('%s is refused and named', async (_name, bytes, text) => {
  await expect(readRecording(inPieces(await bytes()), 'a.mcap')).rejects.toThrow(text);
});

test('it ends by itself after so many parts, whole ones, or so many bytes, or so long', async () => {
  const parts = await record(6 * periodMs, { limits: { ...unlimited, partsMax: 3 } });
  expect(parts.summary).toMatchObject({ triggers: 3, frames: 6, why: 'parts' });
  const bytes = await record(6 * periodMs, { limits: { ...unlimited, bytesMax: 30_000 } });
  expect(bytes.summary.why).toBe('bytes');
  const time = await record(6 * periodMs, { limits: { ...unlimited, forMs: 2 * periodMs } });
  expect(time.summary.why).toBe('time');
});

test('what was written is synced within a second, also when nothing follows', async () => {
  const { file } = await record(10 * periodMs + 3 * syncEveryMs, {
    synthetic: { faults: (part) => (part > 10 ? { kind: 'disconnect', forMs: 60_000 } : null) },
  });
  const end = file.synced.at(-1)!;
  const during = file.synced.filter((bytes) => bytes < end);
  // all ten parts were on the disk before the index was written at the end
  const { items } = await readAll(file.contents().slice(0, during.at(-1)));
  expect(items.filter((item) => 'stamp' in item)).toHaveLength(20);
});

test('a disk that is full ends it with its error; every frame is released and the file stays readable', async () => {
  class Full extends MemoryFile {
    override async write(bytes: Uint8Array): Promise<void> {
      if (this.bytes + bytes.length > 40_000) throw new Error('no space');
      await super.write(bytes);
    }
  }
  const file = new Full();
  await expect(record(8 * periodMs, { file })).rejects.toThrow('no space');
  expect(file.closed).toBe(true);
  const { items, damage } = await readAll(file.contents());
  expect(damage).toMatch(/cut/);
  expect(items.length).toBeGreaterThan(5);
});

test('a disk that is slower than the camera costs frames, which are named, and no memory', async () => {
  class Slow extends MemoryFile {
    readonly gate = Promise.withResolvers<void>();
    override async write(bytes: Uint8Array): Promise<void> {
      if (this.bytes > 10_000) await this.gate.promise;
      await super.write(bytes);
    }
  }
  const file = new Slow();
  setImmediate(() => setImmediate(() => file.gate.resolve()));
  const { summary, camera } = await record(30 * periodMs, { file });
  expect(summary.dropped).toBeGreaterThan(20);
  expect(camera.held).toBe(0);
  const { items } = await readAll(file.contents());
  const drops = items.filter((item) => 'event' in item && item.event.kind === 'dropped');
  expect(drops).toHaveLength(summary.dropped);
  expect(said(drops)[0]).toMatch(/the recorder waits for its disk/);
});

test('an image message that is cut or of another encoding is refused in words', () => {
  const image = { stampNs: 5n, frameId: 'cam', widthPx: 2, heightPx: 1, encoding: 'rgb8' as const };
  const message = encodeImage({ ...image, data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  expect(decodeImage(message)).toEqual({ ...image, data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  expect(() => decodeImage(message.slice(0, 40))).toThrow('cut');
  const mono = message.slice();
  mono.set(new TextEncoder().encode('mono'), Buffer.from(mono).indexOf('rgb8'));
  expect(() => decodeImage(mono)).toThrow('an image in mono, expected rgb8 or 32FC1');
});
