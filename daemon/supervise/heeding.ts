/** A camera's sink of a line, told on when the camera goes and comes, so that the plant hears of it at once. */
import type { CameraSink } from '../../drivers/index.ts';

export function heeding(sink: CameraSink, changed: () => void): CameraSink {
  const after =
    <A extends unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      call(...args);
      changed();
    };
  return { ...sink, lost: after(sink.lost), recovered: after(sink.recovered), ended: after(sink.ended) };
}
