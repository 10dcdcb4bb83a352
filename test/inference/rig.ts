/** What the inference tests share: the tiny bundle in a folder, an inference with everything real, and waiting. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { Inference, type InferenceDeps } from '../../daemon/inference/inference.ts';
import { lastBundle } from '../../daemon/inference/last-bundle.ts';
import type { InferenceSettings } from '../../daemon/inference/settings.ts';
import { patienceMs } from '../patience.ts';
import { stateAt } from '../state/at.ts';

export const settings: InferenceSettings = {
  provider: 'cpu',
  precision: 'fp32',
  threads: 1,
  spinning: false,
  timeoutMs: 5000,
  graceMs: 250,
  loadTimeoutMs: 60_000,
  restartBackoffMs: 10,
};

export const never = new AbortController().signal;

export interface Rig {
  readonly inference: Inference;
  /** `level: text` of the log. */
  readonly said: string[];
}

export function openInference(stateFolder: string, given: Partial<InferenceDeps> = {}): Rig {
  const said: string[] = [];
  const at = (level: string) => (_values: object, text: string) => void said.push(`${level}: ${text}`);
  const inference = new Inference({
    settings,
    clock: systemClock,
    log: { info: at('info'), warn: at('warn'), error: at('error') },
    last: lastBundle(stateAt(stateFolder), 'line1'),
    betweenParts: async (change) => change(),
    changed: () => undefined,
    ...given,
  });
  onTestFinished(() => inference.stop());
  return { inference, said };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinspect-inference-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves when the condition holds; fails by name when it does not within the bound. */
export async function until(what: string, holds: () => boolean, boundMs = patienceMs): Promise<void> {
  const endMs = systemClock.nowMs() + boundMs;
  while (!holds()) {
    if (systemClock.nowMs() > endMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
  }
}
