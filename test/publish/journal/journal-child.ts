/** A daemon's worth of journaling that says what was answered, until it is killed. Always keeps five parts open. */

import { writeSync } from 'node:fs';
import { systemClock } from '../../../daemon/clock.ts';
import { openedByCamera } from '../../../daemon/line/verdict.ts';
import { openJournal } from '../../../daemon/publish/journal/journal.ts';
import { stateAt } from '../../state/at.ts';
import { judged } from '../fixtures-record.ts';

const journal = await openJournal({ state: stateAt(process.argv[2] as string), clock: systemClock });
const open: number[] = [];
for (let trigger = 1; ; trigger += 1) {
  const { sequence, journaled } = journal.open({
    lineId: 'line1',
    trigger,
    partId: null,
    origin: openedByCamera,
    openedAtMs: systemClock.wallMs(),
    deadlineMs: 300,
  });
  await journaled;
  writeSync(1, `opened ${sequence}\n`);
  open.push(sequence);
  if (open.length <= 5) continue;
  const oldest = open.shift() as number;
  await journal.commit({ ...judged(oldest), epoch: journal.epoch }, true);
  writeSync(1, `committed ${oldest}\n`);
}
