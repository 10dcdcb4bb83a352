/**
 * A thread of a camera's process that waits for the daemon's end: the pipe it reads is closed by the kernel when the
 * daemon is gone, however it went. The main thread may hang in the driver and would never notice.
 */
import { readSync } from 'node:fs';
import process from 'node:process';
import { cameraFds } from './protocol.ts';

readSync(cameraFds.lifeline, new Uint8Array(1));
process.kill(process.pid, 'SIGKILL');
