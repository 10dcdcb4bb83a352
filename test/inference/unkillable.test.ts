/** A process that SIGKILL does not end cannot be made by a test: it is a driver in the kernel. Its host stands in. */
import { expect, test } from 'vitest';
import type { Host } from '../../daemon/inference/host.ts';
import { goneMaxMs, type Opened, Service } from '../../daemon/inference/service.ts';
import { bundle, HandClock } from '../line/rig.ts';

/** A host as its service sees it: it dies when told, and is gone when the kernel lets go. */
function standIn() {
  const died = new AbortController();
  const { promise: gone, resolve: letGo } = Promise.withResolvers<void>();
  const host = { died: died.signal, gone, pid: 7, kill: () => undefined } as unknown as Host;
  return { host, letGo, die: () => died.abort(new Error('it hung')) };
}

test('beside a host that cannot be killed no other is started; it is a fault until the kernel lets go', async () => {
  const clock = new HandClock();
  const [stuck, next] = [standIn(), standIn()];
  let opened = 0;
  const reopen = async (path: string): Promise<Opened> => {
    opened++;
    return { path, bundle, host: next.host };
  };
  const nothing = (): void => undefined;
  const log = { info: nothing, warn: nothing, error: nothing };
  const service = new Service(
    { path: '/bundle', bundle, host: stuck.host },
    { clock, log, restartBackoffMs: 100, reopen, died: nothing, changed: nothing },
  );
  stuck.die();
  await clock.advance(10 * goneMaxMs);
  expect(opened).toBe(0);
  expect(service.fault).toMatch(/process 7 did not end within 10000 ms/);
  expect(service.problem).toBe(service.fault);
  stuck.letGo();
  await clock.advance(1);
  expect(opened).toBe(1);
  expect([service.fault, service.problem, service.host]).toEqual([null, null, next.host]);
});
