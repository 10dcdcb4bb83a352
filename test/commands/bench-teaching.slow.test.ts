/** `bench --teaching` runs real training steps; the yardstick's gradient is one: a step downhill lowers its loss. */
import { expect, test } from 'vitest';
import { writeOnnx } from '../../models/onnx/write.ts';
import { seeded } from '../../models/random.ts';
import { type Feeds, openSession } from '../../models/runtime/session.ts';
import { yardstick } from '../../models/teach/yardstick.ts';

test('the yardstick is taught: ten steps on one picture lower the loss', async () => {
  const step = yardstick(1, 32);
  const random = seeded(1);
  const state: Record<string, Feeds[string]> = {};
  for (const { name, shape } of step.inputs) {
    const count = shape.reduce((product, length) => product * length, 1);
    const fan = shape.slice(1).reduce((product, length) => product * length, 1);
    const start = (): number =>
      /^(?:first|second):/.test(name) ? 0 : name.endsWith('gamma') ? 1 : random.normal() / Math.sqrt(fan);
    state[name] = { data: Float32Array.from({ length: count }, start), shape };
  }
  state['stepSize'] = { data: new Float32Array([0.002]), shape: [] };
  const session = await openSession(writeOnnx(step), { threads: 1 });
  const losses: number[] = [];
  for (let i = 0; i < 10; i++) {
    const results = await session.run(state);
    losses.push((results['loss']!.data as Float32Array)[0]!);
    for (const [name, value] of Object.entries(results)) {
      if (name.startsWith('next:')) state[name.slice(5)] = value;
    }
  }
  await session.release();
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.1);
});
