/** Runs the prepare box over parts: the same graph the bundle will carry, one part at a time. */
import { Graph } from '../graph/graph.ts';
import { type ColourFeatureName, colourFeatures } from '../nets/colour.ts';
import { type GeometryName, geometryFeatures } from '../nets/geometry.ts';
import { type PrepareSpec, prepare } from '../nets/prepare.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession, type Session } from '../runtime/session.ts';

/** A part to learn from or to judge, as any source of parts gives it. */
export interface PartImages {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx, 3] */
  rgb: Uint8Array;
  /** [heightPx, widthPx], mm, NaN or 0 = no reading */
  depthMm: Float32Array;
}

export interface PreparedPart {
  /** [3,h,w] each */
  rgb: Float32Array;
  depth: Float32Array;
  /** [h,w], 1 = a reading */
  valid: Float32Array;
  /** [h,w], mm, filled */
  heightMm: Float32Array;
  /** offset and tilt, mm */
  datum: Float32Array;
  /** What geometry (before levelling) and colour compare with good parts, [h,w] each. */
  features: Record<GeometryName | ColourFeatureName, Float32Array>;
}

export interface Preparer {
  prepare(part: PartImages): Promise<PreparedPart>;
  release(): Promise<void>;
}

export async function openPreparer(spec: PrepareSpec, threads: number): Promise<Preparer> {
  const graph = new Graph('prepare');
  const { widthPx, heightPx } = spec.input;
  const prepared = prepare(
    graph,
    graph.input('rgb', 'uint8', [heightPx, widthPx, 3]),
    graph.input('depthMm', 'float32', [heightPx, widthPx]),
    spec,
  );
  const outputs = {
    colour: prepared.rgb,
    relief: prepared.depth,
    valid: prepared.valid,
    height: prepared.heightMm,
    datum: prepared.datum,
  };
  for (const [name, tensor] of Object.entries(outputs)) graph.output(`prepared.${name}`, tensor);
  const features = { ...geometryFeatures(prepared.heightMm, prepared.valid, null), ...colourFeatures(prepared.rgb) };
  for (const [name, feature] of Object.entries(features)) graph.output(`feature.${name}`, feature);
  const session: Session = await openSession(writeOnnx(graph), { threads });
  return {
    async prepare(part) {
      const results = await session.run({
        rgb: { data: part.rgb, shape: [heightPx, widthPx, 3] },
        depthMm: { data: part.depthMm, shape: [heightPx, widthPx] },
      });
      const values = (name: string): Float32Array => results[name]!.data as Float32Array;
      return {
        rgb: values('prepared.colour'),
        depth: values('prepared.relief'),
        valid: values('prepared.valid'),
        heightMm: values('prepared.height'),
        datum: values('prepared.datum'),
        features: Object.fromEntries(
          Object.keys(features).map((name) => [name, values(`feature.${name}`)]),
        ) as PreparedPart['features'],
      };
    },
    release: () => session.release(),
  };
}
