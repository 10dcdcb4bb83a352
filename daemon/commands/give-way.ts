/** Where memory ends, teaching goes first: it can go on where it was, and the line beside it keeps judging. */
import { writeFile } from 'node:fs/promises';

/** The most a process may say of itself (proc_pid_oom_score_adj(5)). */
const firstToGo = '1000';

/** For commands that take gigabytes for hours. On a system without it nothing is different. */
export async function giveWay(): Promise<void> {
  await writeFile('/proc/self/oom_score_adj', firstToGo).catch(() => undefined);
}
