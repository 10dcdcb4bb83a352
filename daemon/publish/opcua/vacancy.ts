/**
 * Room for whoever comes: a client that died keeps its session until its timeout, which it may have asked to be most of
 * an hour, and a hundred of them would lock a PLC out that was only switched off and on. Where few places are left,
 * sessions whose connection is gone are ended, those first that were silent the longest. Never one that is connected.
 */
import type { OPCUAServer } from 'node-opcua';
import type { Log } from '../lane.ts';

/** Places that are kept free: PLCs, screens and MES of a line that come back together. */
const vacant = 10;

/** A session that lost its connection may still be taken up again, so nothing is ended while there is room. */
export function keepVacancies(server: OPCUAServer, sessionsMax: number, log: Log): void {
  const vacate = (): void => {
    const { engine } = server;
    const tooMany = engine.currentSessionCount - (sessionsMax - vacant);
    if (tooMany <= 0) return;
    const left = engine.getSessions().filter(({ aborted, status }) => aborted && status === 'active');
    const longest = left.sort((a, b) => b.clientLastContactTime - a.clientLastContactTime).slice(0, tooMany);
    if (longest.length === 0) return;
    log.warn({ ended: longest.length, sessions: engine.currentSessionCount }, 'OPC UA: sessions of dead clients ended');
    for (const { authenticationToken } of longest) engine.closeSession(authenticationToken, true, 'Terminated');
  };
  server.on('create_session', vacate);
  server.on('closeChannel', vacate);
}
