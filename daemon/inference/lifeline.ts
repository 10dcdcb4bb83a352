/**
 * A thread of the inference host that waits for the daemon's end: the pipe it reads is closed by the kernel when the
 * daemon is gone, however it went. The host's main thread may hang in a run and would never notice.
 */
import { readSync } from 'node:fs';
import process from 'node:process';
import { hostFds } from './protocol.ts';

readSync(hostFds.lifeline, new Uint8Array(1));
process.kill(process.pid, 'SIGKILL');
