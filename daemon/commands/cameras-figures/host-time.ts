/** What a measurement takes from the host: processor time of processes, and the delays of this thread's event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import type { FileReader } from '../../../drivers/index.ts';
import { TwinspectError } from '../../../errors.ts';

/** Ticks a second of /proc on every Linux that Node runs on. */
const ticksPerS = 100;
const loopResolutionMs = 10;

/** Processor time so far of this process and others, seconds; one that is gone counts 0. */
export async function processorS(files: FileReader, others: readonly (number | undefined)[]): Promise<number> {
  const { user, system } = process.cpuUsage();
  let total = (user + system) / 1e6;
  for (const pid of others) {
    if (pid === undefined) continue;
    const text = await statOf(files, pid);
    if (text === null) continue;
    // behind the name, which may hold anything: state, then ten numbers, then user and system time
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    total += (Number(fields[11]) + Number(fields[12])) / ticksPerS;
  }
  return total;
}

async function statOf(files: FileReader, pid: number): Promise<string | null> {
  try {
    return new TextDecoder().decode(await files.read(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof TwinspectError && error.code === 'file/missing') return null;
    throw error;
  }
}

/** Delays of the event loop from now until the answer is asked for; p99.9 in ms. */
export function watchLoop(): () => number {
  const delays = monitorEventLoopDelay({ resolution: loopResolutionMs });
  delays.enable();
  return () => {
    delays.disable();
    return delays.percentile(99.9) / 1e6;
  };
}

export const residentMb = (): number => process.memoryUsage.rss() / 2 ** 20;
