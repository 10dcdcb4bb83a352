import { expect, test } from 'vitest';
import { statusLines } from '../../daemon/commands/status-display.ts';
import type { DaemonReport } from '../../daemon/status/report.ts';

const effective = {
  ...{ recipe: 1, recipeName: 'lid', product: 'lid', threshold: 3.2, thresholdSet: false },
  ...{ execution: 'continuous', halted: null },
};
const report = {
  line: { id: 'press', ready: true, why: null, cause: null, open: 0 },
  ...{ step: null, pid: 7, version: '0.1.0', startedAt: 'today', configFile: null, stateFolder: '/s' },
  bundle: { name: 'lid', version: '1.0.0', digest: 'ab', product: 'lid' },
  ...{ refusal: null, effective, heartbeat: { steps: true, problem: null }, counters: null },
  inference: { problem: null, pid: 8, memoryMb: null, hostDeaths: 0, swaps: 0, refusals: 0 },
  ...{ cameras: [], links: [], faults: [], verdicts: [], configuration: { pending: [], refused: null } },
} as unknown as DaemonReport;

test('a stopped heartbeat says so, and a halt says what ends it', () => {
  expect(statusLines(report)).toContain('heartbeat runs: capture and inference work');
  expect(statusLines(report).join('\n')).not.toContain('to do');
  const lines = statusLines({
    ...report,
    heartbeat: { steps: false, problem: 'nothing proven lately' },
    effective: { ...report.effective, halted: 'a jam' },
  });
  expect(lines).toContain('heartbeat stopped: nothing proven lately');
  expect(lines).toContain('to do     a reset by the plant (PLC, MQTT or OPC UA) ends the halt');
});
