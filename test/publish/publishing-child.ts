/** A daemon's publishing without its line: judges one part after the other, says which are announced, until killed. */

import { writeSync } from 'node:fs';
import { systemClock } from '../../daemon/clock.ts';
import { openedByCamera } from '../../daemon/line/verdict.ts';
import { startPublishing } from '../../daemon/publish/publishing.ts';
import { stateAt } from '../state/at.ts';
import { judged } from './fixtures-record.ts';

const [stateFolder, url] = process.argv.slice(2) as [string, string];
const quiet = () => undefined;
const publishing = await startPublishing({
  state: stateAt(stateFolder),
  lineIds: ['line1'],
  mqtt: { url, prefix: 'twinspect', user: null, password: null },
  opcua: null,
  clock: systemClock,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  encodePng: async (pixels) => pixels.slice(),
});
const line = publishing.line('line1');
const openedAtMs = systemClock.wallMs();
const part = { lineId: 'line1', trigger: 1, partId: null, origin: openedByCamera, openedAtMs, deadlineMs: 300 };
let next = line.opened(part);
for (;;) {
  const sequence = next;
  next = line.opened(part); // one part is always open
  await line.closed(judged(sequence), null);
  writeSync(1, `${sequence}\n`);
}
