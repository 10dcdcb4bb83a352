/**
 * One graph from camera units to score: prepare, the bundle's networks, anomaly, merged. The daemon, teaching and
 * evaluation all run this graph; there is no other path from a pair to a score.
 */
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import { inline } from '../graph/inline.ts';
import { lean } from '../graph/lean.ts';
import type { Tensor } from '../graph/tensor.ts';
import { combine, type HalfScales, networkSources } from '../nets/anomaly.ts';
import type { Targets } from '../nets/fusion.ts';
import { geometryNames } from '../nets/geometry.ts';
import { type Prepared, type PrepareSpec, prepare } from '../nets/prepare.ts';
import type { Manifest, Variant } from './manifest.ts';
import { type NetworkFile, targetsOf } from './networks.ts';

/** Outputs every run wants: all on the input grid. */
export const servingOutputs = ['score', 'map', 'judged', 'judgedShare', 'datum'] as const;
/** Maps and scores of each half alone, for evaluation. */
export const halves = ['network', 'geometry'] as const;

/** What of a manifest shapes the graph. */
export type GraphSpec = PrepareSpec & Pick<Manifest, 'ignore'>;
export type Networks = Record<NetworkFile, Graph>;

/** Raw sources before normalisation, for calibration: `source.<name>` at their own size. */
export function assembleSources(spec: GraphSpec, networks: Networks): Graph {
  const graph = new Graph('sources');
  const { sources } = raw(graph, spec, networks);
  for (const [name, tensor] of Object.entries(sources)) graph.output(`source.${name}`, tensor);
  return graph;
}

/** rgb uint8 [H,W,3], depthMm float32 [H,W] -> servingOutputs, and map and score of each half. */
export function assemble(spec: GraphSpec, scales: Pick<Variant, 'sources' | 'halves'>, networks: Networks): Graph {
  const graph = new Graph('bundle');
  const { sources, prepared, judgeable } = raw(graph, spec, networks);
  const { heightPx: height, widthPx: width } = spec.working;
  const { judged, share } = graph.scope('coverage', () => coverage(graph, judgeable, spec));
  const half = (name: keyof HalfScales): Tensor =>
    graph.scope(name, () => {
      const own = scales.sources.filter((source) => isGeometry(source.name) === (name === 'geometry'));
      return o.resize(combine(sources, own, scales.halves[name]), height, width);
    });
  const publish = (suffix: string, map: Tensor): void => {
    const seen = o.mul(map, judged);
    graph.output(`score${suffix}`, o.reshape(o.reduceMax(seen), 1));
    graph.output(`map${suffix}`, toInputGrid(seen, spec, 'linear'));
  };
  const [network, geometry] = [half('network'), half('geometry')];
  publish('', o.add(network, geometry));
  publish('.network', network);
  publish('.geometry', geometry);
  graph.output('judged', o.cast(o.greater(toInputGrid(judged, spec, 'nearest'), 0.5), 'uint8'));
  graph.output('judgedShare', share);
  graph.output('datum', prepared.datum);
  return lean(graph);
}

const isGeometry = (source: string): boolean => (geometryNames as readonly string[]).includes(source);

interface Raw {
  sources: Record<string, Tensor>;
  prepared: Prepared;
  judgeable: { colour: Tensor; depth: Tensor };
}

function raw(graph: Graph, spec: GraphSpec, networks: Networks): Raw {
  const { widthPx, heightPx } = spec.input;
  const rgb = graph.input('rgb', 'uint8', [heightPx, widthPx, 3]);
  const depth = graph.input('depthMm', 'float32', [heightPx, widthPx]);
  const prepared = graph.scope('prepare', () => prepare(graph, rgb, depth, spec));
  const { valid, heightMm } = prepared;
  const features = inline(graph, networks['teacher.onnx'], { rgb: prepared.rgb, depth: prepared.depth });
  const fused = inline(graph, networks['fusion.onnx'], { ...features, valid });
  const wanted = networks['student.onnx'].inputs.map(({ name }) => [name, fused[`target.${name}`]!] as const);
  const restored = inline(graph, networks['student.onnx'], Object.fromEntries(wanted));
  const deviations = inline(graph, networks['geometry.onnx'], { heightMm, valid });
  const targets = targetsOf(fused, 'target.') as Targets;
  const sources = graph.scope('distance', () =>
    networkSources(graph, targets, targetsOf(restored, 'restored.'), valid),
  );
  for (const name of geometryNames) sources[name] = deviations[`deviation.${name}`]!;
  return { sources, prepared, judgeable: { colour: prepared.lit, depth: valid } };
}

/**
 * What was judged, [1,1,h,w]: places inside the area that colour or depth saw. The share is the smaller of the two
 * modalities' own: a dead camera must not hide behind a living one.
 */
function coverage(
  graph: Graph,
  { colour, depth }: Raw['judgeable'],
  spec: GraphSpec,
): { judged: Tensor; share: Tensor } {
  const area = graph.constant('area', areaMask(spec), [1, 1, spec.working.heightPx, spec.working.widthPx]);
  const seenBy = (mask: Tensor): Tensor => o.div(o.reduceSum(o.mul(mask, area)), o.maximum(o.reduceSum(area), 1));
  return {
    judged: o.mul(area, o.maximum(colour, depth)),
    share: o.reshape(o.minimum(seenBy(colour), seenBy(depth)), 1),
  };
}

/** 1 inside the region of interest and outside every ignored area, on the working grid. */
function areaMask({ input, roi, ignore, working }: GraphSpec): Float32Array {
  const frame = roi ?? { x: 0, y: 0, widthPx: input.widthPx, heightPx: input.heightPx };
  const mask = new Float32Array(working.widthPx * working.heightPx);
  for (let y = 0; y < working.heightPx; y++) {
    for (let x = 0; x < working.widthPx; x++) {
      const atX = frame.x + ((x + 0.5) * frame.widthPx) / working.widthPx;
      const atY = frame.y + ((y + 0.5) * frame.heightPx) / working.heightPx;
      const ignored = ignore.some((a) => atX >= a.x && atX < a.x + a.widthPx && atY >= a.y && atY < a.y + a.heightPx);
      mask[y * working.widthPx + x] = ignored ? 0 : 1;
    }
  }
  return mask;
}

/** [1,1,h,w] of the working grid -> [H,W] of the input grid, zero outside the region of interest. */
function toInputGrid(x: Tensor, { input, roi }: GraphSpec, mode: 'linear' | 'nearest'): Tensor {
  const { heightPx, widthPx } = input;
  if (!roi) return o.reshape(o.resize(x, heightPx, widthPx, mode), heightPx, widthPx);
  const scaled = o.resize(x, roi.heightPx, roi.widthPx, mode);
  const pads = [roi.y, roi.x, heightPx - roi.y - roi.heightPx, widthPx - roi.x - roi.widthPx] as const;
  return o.reshape(o.pad(scaled, pads), heightPx, widthPx);
}
