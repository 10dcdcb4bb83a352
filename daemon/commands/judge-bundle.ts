/** A bundle opened to judge recorded parts in this process: the daemon's graph and judge, no line around. */
import { basename, join } from 'node:path';
import type { Sample as RecordedSample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import type { Precision } from '../../models/bundle/variants.ts';
import type { Sample } from '../../models/evaluate/samples.ts';
import { openSession } from '../../models/runtime/session.ts';
import type { Reading, ServedBundle } from '../inference/port.ts';
import { servedBundle, vitalsOf } from '../inference/served.ts';
import { type Judgement, judge } from '../line/judge.ts';
import type { Context } from './command.ts';

export interface BundleJudge {
  readonly manifest: Manifest;
  readonly served: ServedBundle;
  /** One recorded part as the evaluation wants it. */
  sample(recorded: RecordedSample): Promise<Sample>;
  /** The same part as people want it. */
  look(recorded: Pick<RecordedSample, 'id' | 'load'>): Promise<Looked>;
  release(): Promise<void>;
}

export interface Looked {
  widthPx: number;
  heightPx: number;
  rgb: Uint8Array;
  depthMm: Float32Array;
  truth: Uint8Array | null;
  reading: Reading;
  judgement: Judgement;
}

export async function openBundleJudge(
  { files, clock }: Context,
  path: string,
  threads: number,
  precision: Precision = 'fp32',
): Promise<BundleJudge> {
  const loaded = await loadBundle((file) => files.read(join(path, file)), path, 'cpu', [precision]);
  const { manifest } = loaded;
  const session = await openSession(loaded.model, { threads, spinning: true });
  const served = servedBundle(loaded);
  const { widthPx, heightPx } = served;
  const look = async (
    recorded: Pick<RecordedSample, 'id' | 'load'>,
  ): Promise<Looked & { maps: Record<string, Float32Array> }> => {
    const part = await recorded.load();
    if (part.widthPx !== widthPx || part.heightPx !== heightPx) {
      const [actual, expected] = [`${part.widthPx} x ${part.heightPx}`, `${widthPx} x ${heightPx} (${basename(path)})`];
      throw fail('image/size', { what: recorded.id, actual, expected });
    }
    const before = clock.nowMs();
    const results = await session.run(pairFeeds(part.rgb, part.depthMm, manifest.input));
    const inferMs = clock.nowMs() - before;
    const maps = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
    const reading: Reading = {
      score: maps['score']![0]!,
      widthPx,
      heightPx,
      map: maps['map']!,
      judged: results['judged']!.data as Uint8Array,
      judgedShare: maps['judgedShare']![0]!,
      vitals: vitalsOf(maps['vitals']!),
      datum: served.datumLimits && { offsetMm: maps['datum']![0]!, tiltMmAcross: maps['datum']![1]! },
      inferMs,
    };
    const { rgb, depthMm, truth } = part;
    return { widthPx, heightPx, rgb, depthMm, truth, reading, judgement: judge(served, reading), maps };
  };
  return {
    manifest,
    served,
    look,
    async sample(recorded) {
      const { maps, reading, judgement, truth } = await look(recorded);
      const scored = (suffix: string) => ({
        score: maps[`score${suffix}`]![0]!,
        map: maps[`map${suffix}`]!.map((value, at) => (reading.judged[at] ? value : Number.NaN)),
      });
      return {
        id: recorded.id,
        kind: recorded.kind,
        group: recorded.group,
        severity: recorded.severity,
        truth: recorded.kind === 'good' ? null : truth,
        widthPx,
        heightPx,
        outcome: judgement.decision,
        sources: { both: scored(''), network: scored('.network'), geometry: scored('.geometry') },
      };
    },
    release: () => session.release(),
  };
}
