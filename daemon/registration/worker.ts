/** The thread behind `RegistrationThread`: a word, and the pair in shared memory becomes colour on the depth grid. */
import { parentPort, workerData } from 'node:worker_threads';
import { Registration } from '../../drivers/registration/registration.ts';
import { invariant } from '../../errors.ts';
import type { FromThread, SharedPair } from './thread.ts';

const port = parentPort;
invariant(port, 'the registration worker runs as a worker thread only');
const { calibration, rgb, depthMm } = workerData as SharedPair;
const registration = new Registration(calibration);
const size = ({ widthPx, heightPx }: { widthPx: number; heightPx: number }) => ({ widthPx, heightPx });

port.on('message', () => {
  const pair = registration.register(
    { ...size(calibration.rgb), pixels: rgb },
    { ...size(calibration.depth), depthMm },
  );
  port.postMessage(pair.rgb satisfies FromThread, [pair.rgb.buffer]);
});
port.postMessage('ready' satisfies FromThread);
