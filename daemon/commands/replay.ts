/**
 * The golden parts of a bundle, replayed here and now as `run` would replay them before it serves. In a file of its
 * own, loaded only when asked for: it needs the native runtime, and looking at bundles does not.
 */
import { join } from 'node:path';
import { type GoldenOutcome, replayGolden } from '../../models/bundle/golden.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import type { Variant } from '../../models/bundle/manifest.ts';
import { openSession } from '../../models/runtime/session.ts';
import type { Context } from './command.ts';

/** Throws `bundle/drift` for the first part whose score or map is another than at teaching. */
export async function replay(
  { files }: Context,
  path: string,
  provider: Variant['provider'],
  precision: Variant['precision'],
): Promise<readonly GoldenOutcome[]> {
  const { manifest, variant, model, golden } = await loadBundle(
    (file) => files.read(join(path, file)),
    path,
    provider,
    [precision],
  );
  const session = await openSession(model, { provider });
  try {
    return await replayGolden(session, golden, manifest, variant, path);
  } finally {
    await session.release();
  }
}
