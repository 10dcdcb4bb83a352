/** A process that energises an output and then does as it is told from outside: dies, hangs, goes on. */
import process from 'node:process';
import { systemClock } from '../../daemon/clock.ts';
import { WatchedOutput } from '../../daemon/output/watched-output.ts';

const log = { error: () => undefined, info: () => undefined };
const output = new WatchedOutput({ device: { kind: 'file', path: process.argv[2]! }, clock: systemClock, log });
await output.open();
output.energise();
process.stdout.write('energised\n');
