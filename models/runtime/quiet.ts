/**
 * Switches off what onnxruntime tells its vendor. Without it the library looks up and calls an event host and writes a
 * device id, a database and a log into the home and temporary folders. It reads the variable once, while it is loaded,
 * so this file is imported before it; a thread has only a copy of the environment, so there it must be set already.
 */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { invariant } from '../../errors.ts';

/** "1" is what the library asks for (onnxruntime 1.30, docs/Privacy.md). */
export const telemetrySwitch = { name: 'ORT_DISABLE_TELEMETRY', value: '1' } as const;

const { name, value } = telemetrySwitch;
if (isMainThread) process.env[name] = value;
invariant(process.env[name] === value, `onnxruntime is loaded in a thread of a process without ${name}=${value}`);
