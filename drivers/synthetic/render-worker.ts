/** The thread behind `WorkerRenderer`: a request in, a rendered part out, its buffers transferred and not copied. */
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../errors.ts';
import { type PartRequest, renderPart } from './part.ts';

const port = parentPort;
invariant(port, 'render-worker runs as a worker thread only');
port.on('message', (request: PartRequest) => {
  const part = renderPart(request);
  port.postMessage(part, [part.rgb.buffer, part.depthMm.buffer, part.truth.buffer]);
});
