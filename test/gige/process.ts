/** The process of simulated cameras: apart from the receiver, as cameras are, so that neither waits for the other. */
import process from 'node:process';
import { systemClock } from '../../daemon/clock.ts';
import { messageOf } from '../../errors.ts';
import { SimulatedCamera } from './camera.ts';
import type { FromRig, ToRig } from './protocol.ts';
import { drawScenes } from './scene.ts';

const cameras: SimulatedCamera[] = [];
const say = (word: FromRig): void => void process.send?.(word);
const nowNs = (): bigint => BigInt(Math.round(systemClock.nowMs() * 1e6));

function edge(to: readonly number[] | null, offsetsUs: readonly number[]): void {
  const atNs = nowNs();
  cameras.forEach((camera, at) => {
    if (to !== null && !to.includes(at)) return;
    const offsetUs = offsetsUs[at] ?? 0;
    const expose = (): void => camera.edge(atNs + BigInt(Math.round(offsetUs * 1000)));
    if (offsetUs > 0) systemClock.after(offsetUs / 1000, expose);
    else expose();
  });
}

/** By due times, so that late callbacks do not add up. */
function pace(edges: number, periodMs: number, offsetsUs: readonly number[]): Promise<void> {
  const startMs = systemClock.nowMs();
  return new Promise((resolve) => {
    const beat = (n: number): void => {
      if (n === edges) {
        resolve();
        return;
      }
      edge(null, offsetsUs);
      systemClock.after(Math.max(0, startMs + (n + 1) * periodMs - systemClock.nowMs()), () => beat(n + 1));
    };
    beat(0);
  });
}

async function obey(word: ToRig): Promise<void> {
  switch (word.kind) {
    case 'start':
      for (const [at, model] of word.models.entries()) {
        const scenes = await drawScenes(word.scene, model.widthPx, model.heightPx);
        const camera = new SimulatedCamera(model, scenes, word.seed + at);
        cameras.push(camera);
        await camera.start();
      }
      return;
    case 'edge':
      return edge(word.to, word.offsetsUs);
    case 'pace':
      return pace(word.edges, word.periodMs, word.offsetsUs);
    case 'faults':
      Object.assign(cameras[word.camera]!.faults, word.faults);
      return;
    case 'reboot':
      return cameras[word.camera]!.reboot(word.forMs);
    case 'clock': {
      const { clock } = cameras[word.camera]!;
      clock.aheadNs = BigInt(Math.round(word.aheadMs * 1e6));
      clock.fasterPpm = word.fasterPpm;
      return;
    }
    case 'numbers': {
      const camera = cameras[word.camera]!;
      if (word.frameId !== undefined) camera.setFrameId(BigInt(word.frameId));
      if (word.count !== undefined) camera.setCount(BigInt(word.count));
      return;
    }
    case 'facts':
  }
}

process.on('message', ({ ask, ...word }: ToRig & { ask: number }) => {
  obey(word).then(
    () => say({ ask, kind: 'done', facts: cameras.map(({ facts }) => facts) }),
    (error: unknown) => say({ ask, kind: 'failed', message: messageOf(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
say({ ask: 0, kind: 'ready' });
