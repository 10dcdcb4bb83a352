/** The PLC client of a line as a control lane, begun; loaded only where a PLC's server is configured. */
// First: the library must find it while it loads.
import '../own-name.ts';
import type { ControlLane } from '../../lane.ts';
import { OpcUaLane } from '../lane.ts';
import { routeLibraryLog } from '../library-log.ts';
import { PlcLink, type PlcLinkDeps } from './plc-link.ts';

export interface PlcClient {
  readonly lane: ControlLane;
  stop(): Promise<void>;
}

export function startPlcClient(deps: PlcLinkDeps): PlcClient {
  const { clock, log, tags } = deps;
  routeLibraryLog(log);
  const link = new PlcLink(deps);
  const lane = new OpcUaLane({ lineId: tags.lineId, block: link, clock, log, health: () => link.health() });
  link.start();
  return { lane, stop: () => link.stop() };
}
