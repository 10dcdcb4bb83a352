/** A step that answers in a moment or not at all: one of the network, the disk or the settings. */
export const usualMaxMs = 10_000;

export function brief(name: string): { name: string; startMaxMs: number; stopMaxMs: number } {
  return { name, startMaxMs: usualMaxMs, stopMaxMs: usualMaxMs };
}
