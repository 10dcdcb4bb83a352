/** Shows the line's state in words where `systemctl status` prints it. Carries no verdicts. */
import type { ControlLane, Health } from '../publish/lane.ts';
import type { LineStatus } from '../publish/status.ts';
import type { Notifier } from './notifier.ts';

export class StatusLane implements ControlLane {
  readonly #notifier: Pick<Notifier, 'status'>;

  constructor(notifier: Pick<Notifier, 'status'>) {
    this.#notifier = notifier;
  }

  announce(): void {}
  showMask(): void {}
  beat(): void {}

  showStatus(status: LineStatus): void {
    this.#notifier.status(statusText(status));
  }

  health(): Health {
    return { name: 'systemd', ok: true, problem: null, counters: {} };
  }

  onHealth(): void {}
}

/** As `line1: ready, judging with housing@1.0.0` or `line1: not ready: camera front is lost`. */
export function statusText({ lineId, ready, why, fault, bundle }: LineStatus): string {
  const by = bundle ? `judging with ${bundle.name}@${bundle.version}` : 'no bundle in service';
  const state = ready ? `ready, ${by}` : `not ready: ${why ?? 'unknown'}`;
  return `${lineId}: ${state}${fault !== null && fault !== why ? `; fault: ${fault}` : ''}`;
}
