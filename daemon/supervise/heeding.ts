/** A line's sink for a camera that also tells when the camera goes and comes. */
import type { CameraSink } from '../../drivers/index.ts';

/** `changed` is called behind the line's own handling. */
export function heeding(sink: CameraSink, changed: () => void): CameraSink {
  const after =
    <A extends unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      call(...args);
      changed();
    };
  return { ...sink, lost: after(sink.lost), recovered: after(sink.recovered), ended: after(sink.ended) };
}
