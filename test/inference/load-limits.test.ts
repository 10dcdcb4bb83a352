import { describe, expect, test } from 'vitest';
import { LoadLimits, widestFactor } from '../../daemon/inference/load-limits.ts';
import { fail } from '../../errors.ts';

const configuredMs = 1000;

/** Loadings that need so long, at a steady pace, on a clock of the test's own. */
function rig() {
  let nowMs = 0;
  const said: string[] = [];
  const at = (level: string) => (_values: object, text: string) => void said.push(`${level}: ${text}`);
  const limits = new LoadLimits({
    configuredMs,
    clock: { nowMs: () => nowMs },
    log: { info: at('info'), warn: at('warn') },
  });
  const load = async (path: string, needMs: number, steps = 10): Promise<'loaded' | 'killed' | 'refused'> => {
    const run = async (limitMs: number): Promise<void> => {
      nowMs += Math.min(limitMs, needMs);
      if (needMs > limitMs) throw fail('inference/slow', { path, limitMs });
    };
    const limitMs = limits.of(path);
    // What a host says of itself: whole steps.
    const share = (): number => Math.floor((limitMs / needMs) * steps) / steps;
    return limits.within(path, run, share).then(
      () => 'loaded',
      () => 'killed',
    );
  };
  return { limits, load, said };
}

describe('the limit of a loading', () => {
  test('widens after the second kill in a row, to what loading was measured to need, and says so', async () => {
    const { limits, load, said } = rig();
    expect(await load('a', 4000)).toBe('killed');
    expect(limits.of('a')).toBe(configuredMs);
    expect(said).toEqual([]);
    expect(await load('a', 4000)).toBe('killed');
    expect(limits.of('a')).toBe(7500);
    expect(said).toEqual([expect.stringMatching(/^warn: .* killed 2 times in a row .* 7500 ms .*20 % were loaded/)]);
    expect(await load('a', 4000)).toBe('loaded');
  });

  test('one kill alone widens nothing, nor do two with a loading between', async () => {
    const { limits, load } = rig();
    for (const needMs of [4000, 500, 4000, 500]) await load('a', needMs);
    expect(limits.of('a')).toBe(configuredMs);
  });

  test('stays as wide as the machine is slow, and is as configured again when it is quick', async () => {
    const { limits, load, said } = rig();
    for (const needMs of [4000, 4000, 4000]) await load('a', needMs);
    expect(limits.of('a')).toBe(6000);
    expect(await load('a', 500)).toBe('loaded');
    expect(limits.of('a')).toBe(configuredMs);
    expect(said.at(-1)).toContain('as quick as configured again');
  });

  test('of a host that came nowhere doubles, and never beyond its widest', async () => {
    const { limits, load } = rig();
    await load('a', 1e9);
    const seen: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      await load('a', 1e9);
      seen.push(limits.of('a'));
    }
    expect(seen).toEqual([2000, 4000, 8000, 10_000, 10_000, 10_000]);
    expect(Math.max(...seen)).toBe(widestFactor * configuredMs);
  });

  test("is the bundle's own; a bundle that is refused is not slow", async () => {
    const { limits, load } = rig();
    await load('a', 4000);
    await load('a', 4000);
    expect(limits.of('b')).toBe(configuredMs);
    const refused = limits.within(
      'b',
      () => Promise.reject(fail('bundle/missing', { path: 'b' })),
      () => 0,
    );
    await expect(refused).rejects.toThrow();
    await load('b', 4000);
    expect(limits.of('b')).toBe(configuredMs);
  });
});
