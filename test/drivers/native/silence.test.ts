import { expect, test } from 'vitest';
import { Silence } from '../../../drivers/native/silence.ts';
import { SimulatedClock } from '../simulated-clock.ts';

function watched() {
  const clock = new SimulatedClock();
  const told: number[] = [];
  return { clock, told, silence: new Silence(clock, (limitMs) => told.push(limitMs)) };
}

test('told once, the limit after the last word', () => {
  const { clock, told, silence } = watched();
  silence.heard(1000);
  for (let word = 0; word < 20; word++) {
    clock.advance(900);
    silence.heard(1000);
  }
  clock.advance(999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([1000]);
  clock.advance(60_000);
  expect(told).toEqual([1000]);
});

test('another limit counts from the word it came with, shorter or longer', () => {
  const { clock, told, silence } = watched();
  silence.heard(30_000);
  clock.advance(100);
  silence.heard(1000);
  clock.advance(500);
  silence.heard(5000);
  clock.advance(4999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([5000]);
});

test('nothing is told after its end, until it is heard again', () => {
  const { clock, told, silence } = watched();
  silence.heard(1000);
  silence.end();
  clock.advance(5000);
  expect(told).toEqual([]);
  silence.heard(1000);
  clock.advance(1000);
  expect(told).toEqual([1000]);
});
