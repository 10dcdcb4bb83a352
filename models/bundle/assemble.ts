/**
 * One graph from camera units to score: prepare, the bundle's networks, anomaly, merged. The daemon, teaching and
 * evaluation all run this graph; there is no other path from a pair to a score.
 */
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import { inline } from '../graph/inline.ts';
import { lean } from '../graph/lean.ts';
import type { Tensor } from '../graph/tensor.ts';
import { combine, filled, type HalfScales, halfOf, networkDistances, together } from '../nets/anomaly.ts';
import type { Targets } from '../nets/fusion.ts';
import { type Prepared, type PrepareSpec, prepare } from '../nets/prepare.ts';
import { vitals } from '../nets/vitals.ts';
import type { Manifest, Variant } from './manifest.ts';
import { type NetworkFile, targetsOf } from './networks.ts';

/** Outputs every run wants: all on the input grid. */
export const servingOutputs = ['score', 'map', 'judged', 'judgedShare', 'datum', 'vitals'] as const;
/** Maps and scores of each half alone, for evaluation. */
export const halves = ['network', 'geometry', 'colour'] as const;

/** What of a manifest shapes the graph. */
export type GraphSpec = PrepareSpec & Pick<Manifest, 'ignore'>;
export type Networks = Record<NetworkFile, Graph>;
/** What it takes to a distance. */
export type DistanceNetworks = Pick<Networks, 'teacher.onnx' | 'fusion.onnx' | 'student.onnx'>;

/** Sources before they are scaled, for calibration: `source.<name>` at their own size, NaN where nobody looks. */
export function assembleSources(spec: GraphSpec, networks: Networks): Graph {
  const graph = new Graph('sources');
  const { sources } = raw(graph, spec, networks);
  const area = areaOf(graph, spec);
  for (const [name, tensor] of Object.entries(sources)) {
    const looked = o.greater(o.resize(area, tensor.shape[2]!, tensor.shape[3]!, 'nearest'), 0.5);
    graph.output(`source.${name}`, o.where(looked, tensor, Number.NaN));
  }
  return graph;
}

/** rgb uint8 [H,W,3], depthMm float32 [H,W] -> servingOutputs, and map and score of each half. */
export function assemble(spec: GraphSpec, scales: Pick<Variant, 'sources' | 'halves'>, networks: Networks): Graph {
  const graph = new Graph('bundle');
  const { sources, prepared } = raw(graph, spec, networks);
  const { heightPx: height, widthPx: width } = spec.working;
  const area = areaOf(graph, spec);
  const judged = graph.scope('coverage', () => o.mul(area, o.maximum(prepared.lit, prepared.valid)));
  const life = graph.scope('vitals', () => vitals(graph, prepared, area));
  const half = (name: keyof HalfScales): Tensor =>
    graph.scope(name, () => {
      const own = scales.sources.filter((source) => halfOf(source.name) === name);
      return o.resize(combine(sources, own, scales.halves[name]), height, width);
    });
  const publish = (suffix: string, map: Tensor): void => {
    const seen = o.mul(map, judged);
    graph.output(`score${suffix}`, o.reshape(o.reduceMax(seen), 1));
    graph.output(`map${suffix}`, toInputGrid(seen, spec, 'linear'));
  };
  const maps = { network: half('network'), geometry: half('geometry'), colour: half('colour') };
  publish('', filled(together(Object.values(maps))));
  publish('.network', filled(maps.network));
  publish('.geometry', filled(maps.geometry));
  publish('.colour', filled(maps.colour));
  graph.output('judged', o.cast(o.greater(toInputGrid(judged, spec, 'nearest'), 0.5), 'uint8'));
  graph.output('judgedShare', life.least);
  graph.output('datum', prepared.datum);
  graph.output('vitals', life.table);
  return lean(graph);
}

interface Raw {
  sources: Record<string, Tensor>;
  prepared: Prepared;
}

/** The signs of life alone, for their limits: `vitals` as `assemble` gives them. */
export function assembleVitals(spec: GraphSpec): Graph {
  const graph = new Graph('vitals');
  const prepared = preparedPair(graph, spec);
  const area = areaOf(graph, spec);
  graph.output('vitals', graph.scope('vitals', () => vitals(graph, prepared, area)).table);
  return graph;
}

function preparedPair(graph: Graph, spec: GraphSpec): Prepared {
  const { widthPx, heightPx } = spec.input;
  const rgb = graph.input('rgb', 'uint8', [heightPx, widthPx, 3]);
  const depth = graph.input('depthMm', 'float32', [heightPx, widthPx]);
  return graph.scope('prepare', () => prepare(graph, rgb, depth, spec));
}

/** What the student could not restore, before it is compared with what good parts have: `distance.<source>`. */
export function assembleDistances(spec: GraphSpec, networks: DistanceNetworks): Graph {
  const graph = new Graph('distances');
  const found = distances(graph, preparedPair(graph, spec), networks);
  for (const [name, tensor] of Object.entries(found)) graph.output(`distance.${name}`, tensor);
  return graph;
}

function raw(graph: Graph, spec: GraphSpec, networks: Networks): Raw {
  const prepared = preparedPair(graph, spec);
  const { valid, heightMm } = prepared;
  const found = Object.entries(distances(graph, prepared, networks));
  const named = Object.fromEntries(found.map(([name, tensor]) => [`distance.${name}`, tensor]));
  const normal = {
    ...inline(graph, networks['places.onnx'], named),
    ...inline(graph, networks['geometry.onnx'], { heightMm, valid }),
    ...inline(graph, networks['colour.onnx'], { rgb: prepared.rgb }),
  };
  const sources = Object.fromEntries(Object.entries(normal).map(([name, t]) => [name.replace('deviation.', ''), t]));
  return { sources, prepared };
}

function distances(graph: Graph, prepared: Prepared, networks: DistanceNetworks): Record<string, Tensor> {
  const { valid } = prepared;
  const features = inline(graph, networks['teacher.onnx'], { rgb: prepared.rgb, depth: prepared.depth });
  const fused = inline(graph, networks['fusion.onnx'], { ...features, valid });
  const wanted = networks['student.onnx'].inputs.map(({ name }) => [name, fused[`target.${name}`]!] as const);
  const restored = inline(graph, networks['student.onnx'], Object.fromEntries(wanted));
  const targets = targetsOf(fused, 'target.') as Targets;
  return graph.scope('distance', () => networkDistances(graph, targets, targetsOf(restored, 'restored.'), valid));
}

function areaOf(graph: Graph, spec: GraphSpec): Tensor {
  return graph.constant('area', areaMask(spec), [1, 1, spec.working.heightPx, spec.working.widthPx]);
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
