/** Checks of the machine itself: cores, memory, clock, the Node that runs this. */
import { availableParallelism, freemem, totalmem } from 'node:os';
import { arch, platform, version } from 'node:process';
import { builtAtMs } from '../build-date.ts';
import type { Check } from './finding.ts';

const mb = 1024 * 1024;

/** A ResNet-18 bundle in service, one being warmed beside it, and the daemon; measured with room to spare. */
const memoryNeededMb = 1500;

export const machineChecks: readonly Check[] = [
  {
    name: 'cores',
    async run() {
      const cores = availableParallelism();
      if (cores >= 2) return { status: 'ok', text: `${cores} cores` };
      return { status: 'warn', text: '1 core', advice: 'Inference and the plant share it; expect late verdicts.' };
    },
  },
  {
    name: 'memory',
    async run() {
      const text = `${Math.round(freemem() / mb)} MB free of ${Math.round(totalmem() / mb)} MB`;
      if (freemem() / mb >= memoryNeededMb) return { status: 'ok', text };
      const advice = `Free ${memoryNeededMb} MB: a swap holds two bundles at once.`;
      return { status: 'warn', text, advice };
    },
  },
  {
    name: 'clock',
    async run({ clock }) {
      const nowMs = clock.wallMs();
      const text = new Date(nowMs).toISOString();
      if (nowMs >= builtAtMs) return { status: 'ok', text };
      const advice =
        'Set the clock (chrony, or an RTC battery): records would carry this time, and certificates be refused.';
      return { status: 'fail', text: `${text} is before this program was made`, advice };
    },
  },
  {
    name: 'node',
    async run() {
      return { status: 'ok', text: `${version} on ${platform}-${arch}` };
    },
  },
];
