/** Whether the line can judge the next part, and if not, why: one word for the plant, one sentence for people. */
export type ReadyState =
  | { readonly ready: true }
  | {
      readonly ready: false;
      readonly why: 'stopped' | 'cameraLost' | 'ended' | 'noModel' | 'journal';
      readonly detail: string;
    };

export interface LineHealth {
  readonly stopped: boolean;
  /** Camera id -> why it does not deliver. */
  readonly lost: ReadonlyMap<string, string>;
  readonly ended: boolean;
  readonly hasBundle: boolean;
  readonly journalProblem: string | null;
}

export function readyStateOf(health: LineHealth): ReadyState {
  if (health.stopped) return { ready: false, why: 'stopped', detail: 'the line was stopped' };
  for (const [camera, reason] of health.lost) {
    return { ready: false, why: 'cameraLost', detail: `camera ${camera}: ${reason}` };
  }
  if (health.ended) return { ready: false, why: 'ended', detail: 'every recording is over' };
  if (!health.hasBundle) return { ready: false, why: 'noModel', detail: 'no bundle is in service' };
  if (health.journalProblem !== null) return { ready: false, why: 'journal', detail: health.journalProblem };
  return { ready: true };
}
