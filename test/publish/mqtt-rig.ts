/** A publishing room without a line: what is judged is told by the test. */
import { onTestFinished } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { type Decision, openedByCamera } from '../../daemon/line/verdict.ts';
import { type Publishing, type PublishingOptions, startPublishing } from '../../daemon/publish/publishing.ts';
import { stateAt } from '../state/at.ts';
import { judged, readableLog, temporaryFolder } from './fixtures.ts';

/** Not a picture; the publisher only carries it. */
const encodePng = async (pixels: Uint8Array) => new Uint8Array([137, 80, 78, 71, ...pixels.slice(0, 4)]);
const mask = () => ({ widthPx: 4, heightPx: 2, pixels: new Uint8Array(8).fill(1) });

type Wish = Partial<Omit<PublishingOptions, 'mqtt'>> & { mqtt?: Partial<NonNullable<PublishingOptions['mqtt']>> };

export async function publish(port: number, more: Wish = {}): Promise<Publishing> {
  const publishing = await startPublishing({
    state: stateAt(temporaryFolder()),
    lineIds: ['line1'],
    opcua: null,
    clock: systemClock,
    log: readableLog(),
    encodePng,
    ...more,
    mqtt: { url: `mqtt://127.0.0.1:${port}`, prefix: 'twinspect', user: null, password: null, ...more.mqtt },
    limits: { retryFirstMs: 20, retryLastMs: 100, keepaliveS: 1, retryMs: 50, stopMaxMs: 500, ...more.limits },
  });
  onTestFinished(() => publishing.stop());
  publishing.line('line1').setState({ ready: true, why: null, fault: null, bundle: null });
  return publishing;
}

export async function judge(publishing: Publishing, decision: Decision = 'pass', withMask = false): Promise<number> {
  const line = publishing.line('line1');
  const openedAtMs = systemClock.wallMs();
  const sequence = line.opened({
    lineId: 'line1',
    trigger: 1,
    partId: null,
    origin: openedByCamera,
    openedAtMs,
    deadlineMs: 300,
  });
  await line.closed(judged(sequence, decision), withMask ? { mask: mask() } : null);
  return sequence;
}

export const connected = (publishing: Publishing) => () => publishing.health().every((health) => health.ok);
export const drained = (publishing: Publishing) => async () =>
  (await publishing.journal.figures()).waitingRecords === 0;

/** What keeps MQTT from being well; empty while nothing does. */
export function mqttProblem(publishing: Publishing): string {
  return publishing.health().find((health) => health.name.startsWith('mqtt'))?.problem ?? '';
}

export function mqttCounters(publishing: Publishing): Readonly<Record<string, number>> {
  return publishing.health().find((health) => health.name.startsWith('mqtt'))?.counters ?? {};
}
