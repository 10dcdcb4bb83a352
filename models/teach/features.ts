/** The frozen teacher's features of good parts: computed once where they fit a limit, else when needed. */
import type { Graph } from '../graph/graph.ts';
import type { ChannelStatistics, FusionStatistics } from '../nets/fusion.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { PreparedPart } from './prepared.ts';

/** Strides of the levels. */
export const strides = [4, 8, 16] as const;
export const featureNames = ['rgb0', 'rgb1', 'rgb2', 'depth0', 'depth1', 'depth2'] as const;
export type FeatureName = (typeof featureNames)[number];
/** [c,h,w] of each level and modality. */
export type Features = Record<FeatureName, Float32Array>;

export interface FeatureSource {
  features(part: number): Promise<Features>;
  release(): Promise<void>;
}

/** `parts(i)` gives a prepared part; `cacheMb` bounds what is kept. */
export async function openFeatures(
  graph: Graph,
  parts: (part: number) => Promise<PreparedPart>,
  cacheMb: number,
  threads: number,
): Promise<FeatureSource> {
  const session = await openSession(writeOnnx(graph), { threads, spinning: true });
  const shape = graph.inputs[0]!.shape;
  const kept = new Map<number, Features>();
  let keptBytes = 0;
  return {
    async features(part) {
      const known = kept.get(part);
      if (known) return known;
      const { rgb, depth } = await parts(part);
      const results = await session.run({ rgb: { data: rgb, shape }, depth: { data: depth, shape } });
      const features = Object.fromEntries(featureNames.map((name) => [name, results[name]!.data])) as Features;
      const bytes = featureNames.reduce((sum, name) => sum + features[name].byteLength, 0);
      if (keptBytes + bytes <= cacheMb * 1e6) {
        kept.set(part, features);
        keptBytes += bytes;
      }
      return features;
    },
    release: () => session.release(),
  };
}

/** Channel statistics of each level over parts, for the fusion box. Depth counts where it has readings. */
export async function measureChannels(
  source: FeatureSource,
  valid: (part: number) => Float32Array,
  parts: number,
  graph: Graph,
): Promise<FusionStatistics> {
  const shapes = new Map([...graph.outputs].map(([name, tensor]) => [name, tensor.shape]));
  const width = graph.inputs[0]!.shape[3]!;
  const sums = new Map<string, { weight: number; sum: Float64Array; squares: Float64Array }>();
  for (let part = 0; part < parts; part++) {
    const features = await source.features(part);
    const mask = valid(part);
    featureNames.forEach((name, i) => {
      const [, channels, h, w] = shapes.get(name) as [number, number, number, number];
      const total = sums.get(name) ?? {
        weight: 0,
        sum: new Float64Array(channels),
        squares: new Float64Array(channels),
      };
      sums.set(name, total);
      const stride = strides[i % 3]!;
      const weight = new Float32Array(h * w);
      for (let place = 0; place < h * w; place++) {
        const centre = (Math.floor(place / w) * stride + stride / 2) * width + (place % w) * stride + stride / 2;
        weight[place] = name.startsWith('depth') ? mask[centre]! : 1;
        total.weight += weight[place]!;
      }
      for (let c = 0; c < channels; c++) {
        for (let place = 0; place < h * w; place++) {
          const value = features[name][c * h * w + place]! * weight[place]!;
          total.sum[c]! += value;
          total.squares[c]! += value * value;
        }
      }
    });
  }
  const statistics = (name: FeatureName): ChannelStatistics => {
    const { weight, sum, squares } = sums.get(name)!;
    const mean = Float32Array.from(sum, (each) => each / weight);
    const spread = Float32Array.from(squares, (each, c) => Math.sqrt(Math.max(0, each / weight - mean[c]! ** 2)));
    // A channel that never moves on good parts would turn rounding into evidence.
    const floor = 0.05 * (spread.reduce((a, b) => a + b, 0) / spread.length);
    return { mean, spread: spread.map((each) => Math.max(each, floor)) };
  };
  return {
    rgb: [statistics('rgb0'), statistics('rgb1'), statistics('rgb2')],
    depth: [statistics('depth0'), statistics('depth1'), statistics('depth2')],
  };
}
