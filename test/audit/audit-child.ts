/** Another process that writes to the same audit record. */
import process from 'node:process';
import { AuditFile } from '../../daemon/audit/audit-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { stateAt } from '../state/at.ts';

const [stateFolder, count] = process.argv.slice(2);
const audit = new AuditFile({ state: stateAt(stateFolder!), clock: systemClock, log: { error: () => undefined } });
const who = { name: 'root', via: 'local', role: 'secure', certificate: null } as const;
for (let n = 0; n < Number(count); n++) {
  await audit.write({ action: 'trust', target: `${n}`, who, from: null, to: null, result: 'done', cause: null });
}
