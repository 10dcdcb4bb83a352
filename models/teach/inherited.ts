/**
 * What a version that is taught on takes over from its parent's files: the fusion as it stands, the student's folded
 * weights, what geometry compared with. Read by name and shape; a file of another form is refused.
 */
import { fail } from '../../errors.ts';
import { targetsOf } from '../bundle/networks.ts';
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import { inline } from '../graph/inline.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TargetName, Targets } from '../nets/fusion.ts';
import { type GeometryName, type GeometryReference, type GeometryReferences, geometryNames } from '../nets/geometry.ts';
import type { ParameterSpec } from '../nets/layers.ts';
import type { Levels } from '../nets/teacher.ts';

/** A bundle's fusion is made for one part: here it is laid in once for each part of a batch. */
export function inheritedTargets(graph: Graph, fusion: Graph, rgb: Levels, depth: Levels, valid: Tensor): Targets {
  const rows = Array.from({ length: valid.shape[0]! }, (_, i) => {
    const row = (x: Tensor): Tensor => o.slice(x, { 0: [i, i + 1] });
    const levels = [0, 1, 2] as const;
    const feeds = [
      ...levels.map((level) => [`rgb${level}`, row(rgb[level])] as const),
      ...levels.map((level) => [`depth${level}`, row(depth[level])] as const),
      ['valid', row(valid)] as const,
    ];
    return targetsOf(inline(graph, fusion, Object.fromEntries(feeds), `part${i}`), 'target.') as Targets;
  });
  const stacked = (name: TargetName): Levels =>
    [0, 1, 2].map((level) =>
      o.concat(
        rows.map((targets) => targets[name][level]!),
        0,
      ),
    ) as unknown as Levels;
  return { fused: stacked('fused'), rgb: stacked('rgb'), depth: stacked('depth') };
}

/** Every parameter's value by name. Throws `bundle/form` where the file has not the network that is taught here. */
export function inheritedValues(
  student: Graph,
  parameters: readonly ParameterSpec[],
  bundle: string,
): Map<string, Float32Array> {
  const constants = new Map([...student.constants].map(([tensor, data]) => [tensor.name, { tensor, data }]));
  return new Map(
    parameters.map(({ name, shape }) => {
      const found = constants.get(name);
      if (!(found?.data instanceof Float32Array) || String(found.tensor.shape) !== String(shape)) {
        const actual = found ? `[${found.tensor.shape}]` : 'missing';
        throw fail('bundle/form', { bundle, tensor: name, actual, expected: `[${shape}]` });
      }
      return [name, found.data];
    }),
  );
}

/** The shape a parent's parts are levelled by; null where its heights count as they are. */
export function inheritedForm(geometry: Graph): Float32Array | null {
  const [, data] = [...geometry.constants].find(([{ name }]) => name === 'form') ?? [];
  return data instanceof Float32Array ? data : null;
}

/**
 * References of a parent and of new parts together, as if all had been measured at once; the parent's parts count with
 * the mean and spread that it kept of them.
 */
export function mergedReferences(
  geometry: Graph,
  { parts, bundle }: { parts: number; bundle: string },
  fresh: GeometryReferences,
  freshParts: number,
): GeometryReferences {
  const constants = new Map([...geometry.constants].map(([tensor, data]) => [tensor.name, data]));
  const kept = (name: string, like: Float32Array): Float32Array => {
    const data = constants.get(name);
    if (data instanceof Float32Array && data.length === like.length) return data;
    const actual = data ? `${data.length} values` : 'missing';
    throw fail('bundle/form', { bundle, tensor: name, actual, expected: `${like.length} values` });
  };
  const [old, added] = [parts / (parts + freshParts), freshParts / (parts + freshParts)];
  const merged = geometryNames.map((name) => {
    const [mean, spread] = [kept(`${name}/mean`, fresh[name].mean), fresh[name].spread];
    // The share of missing depth is not measured in spreads: its file keeps none.
    const before = name === 'missing' ? spread : kept(`${name}/spread`, spread);
    const reference: GeometryReference = {
      mean: mean.map((m, i) => old * m + added * fresh[name].mean[i]!),
      spread: before.map((s, i) => {
        const apart = mean[i]! - fresh[name].mean[i]!;
        return Math.sqrt(old * s ** 2 + added * spread[i]! ** 2 + old * added * apart ** 2);
      }),
    };
    return [name, reference] as const;
  });
  return { ...(Object.fromEntries(merged) as Record<GeometryName, GeometryReference>), form: fresh.form };
}
