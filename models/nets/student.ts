/**
 * The student box: restores the targets from priors of normality it has learned.
 *
 *   teacher features --embed--> queries --attend--> prototypes (per modality, learned)     strides 16 and 8
 *   priors --intra--> --cross--> one trunk --> bottleneck (stride 32) --> decoder, high level to low
 *   decoder --> small heads: the fused target and each modality's own
 *
 * Teacher features only query: what flows on are mixtures of prototypes, or the bottleneck, so that a defect cannot
 * be copied through. How many prototypes, which attention, which decoder: our reading of MMRD, not the paper's.
 */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TargetName } from './fusion.ts';
import type { Layers } from './layers.ts';
import type { Recipe } from './recipe.ts';
import type { Levels, TeacherSpec } from './teacher.ts';

export type Modality = 'rgb' | 'depth';
export interface StudentSpec extends Pick<Recipe, 'prototypes' | 'interaction' | 'targets'> {
  /** Width of queries and priors at strides 8 and 16. */
  width: readonly [number, number];
}

/** Teacher features of one or both modalities -> restored targets by name, each of its target's shapes. */
export function student(
  layers: Layers,
  features: Partial<Record<Modality, Levels>>,
  teacher: TeacherSpec,
  spec: StudentSpec,
): Partial<Record<TargetName, Levels>> {
  const modalities = (['rgb', 'depth'] as const).filter((modality) => features[modality]);
  const within = spec.interaction === 'intra' || spec.interaction === 'both';
  const across = spec.interaction === 'cross' || spec.interaction === 'both';
  const priors = modalities.map((modality): Priors => {
    const queries = embed(layers, modality, features[modality]!, spec);
    const prior8 = attendPrototypes(layers, `${modality}.prior8`, queries.stride8, spec.prototypes);
    const prior16 = attendPrototypes(layers, `${modality}.prior16`, queries.stride16, spec.prototypes);
    return { stride8: prior8, stride16: within ? attend(layers, `${modality}.intra`, prior16, prior16) : prior16 };
  });
  const crossed = priors.map(({ stride16 }, i) => {
    const other = across ? priors[1 - i] : undefined;
    return other ? attend(layers, `${modalities[i]}.cross`, stride16, other.stride16) : stride16;
  });
  const prior16 = o.concat(crossed, 1); // [B,2 width16,H/16,W/16]
  const prior8 = o.concat(
    priors.map(({ stride8 }) => stride8),
    1,
  ); // [B,2 width8,H/8,W/8]
  const restored = decode(layers, prior8, prior16, teacher);
  const names = modalities.length === 2 ? targetNames[spec.targets] : modalities;
  return Object.fromEntries(names.map((name) => [name, heads(layers, name, restored)]));
}

const targetNames: Record<StudentSpec['targets'], readonly TargetName[]> = {
  fused: ['fused'],
  own: ['rgb', 'depth'],
  all: ['fused', 'rgb', 'depth'],
};

/** One trunk, high level to low: [B,c4,H/4,W/4], [B,c8,H/8,W/8], [B,c16,H/16,W/16]. */
function decode(layers: Layers, prior8: Tensor, prior16: Tensor, { channels: [c4, c8, c16] }: TeacherSpec): Levels {
  const down8 = o.relu(layers.convNorm(prior8, 'down8', { out: c16 / 2, kernel: 3, stride: 2 })); // [B,c16/2,H/16,W/16]
  const gathered = o.concat([down8, prior16], 1);
  // [B,c16,H/32,W/32]
  const bottleneck = o.relu(layers.convNorm(gathered, 'bottleneck', { out: c16, kernel: 3, stride: 2 }));
  const at32 = residual(layers, 'block32', bottleneck);
  const at16 = residual(layers, 'block16', upscale(layers, 'up16', at32, c16));
  const at8 = residual(layers, 'block8', upscale(layers, 'up8', at16, c8));
  const at4 = residual(layers, 'block4', upscale(layers, 'up4', at8, c4));
  return [at4, at8, at16];
}

/** A small head per level for one target. */
function heads(layers: Layers, name: TargetName, trunk: Levels): Levels {
  return trunk.map((x, level) =>
    layers.conv(x, `${name}.head${level}`, { out: x.shape[1]!, kernel: 1 }),
  ) as unknown as Levels;
}

interface Priors {
  stride8: Tensor;
  stride16: Tensor;
}

/** All levels gathered at stride 16, the lower two at stride 8: what the prototypes are asked with. */
function embed(layers: Layers, name: string, [f4, f8, f16]: Levels, { width: [width8, width16] }: StudentSpec): Priors {
  // [B,width8,H/8,W/8]
  const from4 = o.relu(layers.convNorm(f4, `${name}.embed4`, { out: width8, kernel: 3, stride: 2 }));
  const from8 = o.relu(layers.convNorm(f8, `${name}.embed8`, { out: width8, kernel: 1 })); // [B,width8,H/8,W/8]
  const stride8 = o.concat([from4, from8], 1); // [B,2 width8,H/8,W/8]
  // [B,width16,H/16,W/16]
  const down = o.relu(layers.convNorm(stride8, `${name}.embed8to16`, { out: width16, kernel: 3, stride: 2 }));
  const stride16 = o.concat([down, o.relu(layers.convNorm(f16, `${name}.embed16`, { out: width16, kernel: 1 }))], 1);
  return {
    stride8: layers.convNorm(stride8, `${name}.query8`, { out: width8, kernel: 1 }),
    stride16: layers.convNorm(stride16, `${name}.query16`, { out: width16, kernel: 1 }),
  };
}

/** Each place becomes a mixture of learned priors: query [B,C,h,w] -> [B,C,h,w]. */
function attendPrototypes(layers: Layers, name: string, query: Tensor, count: number): Tensor {
  if (count === 0) return query;
  const channels = query.shape[1]!;
  const keys = layers.matrix(`${name}.keys`, count, channels);
  const values = layers.matrix(`${name}.values`, count, channels);
  const scores = o.matMul(tokens(query), o.transpose(keys, 1, 0)); // [B,hw,count]
  return untoken(o.matMul(o.softmax(scores), values), query);
}

/** Interaction: x attends to y, added to x. Both [B,C,h,w], priors already. */
function attend(layers: Layers, name: string, x: Tensor, y: Tensor): Tensor {
  const channels = x.shape[1]!;
  const project = (from: Tensor, what: string): Tensor =>
    tokens(layers.conv(from, `${name}.${what}`, { out: channels, kernel: 1 }));
  const keys = project(y, 'key'); // [B,hw,C]
  const scores = o.mul(o.matMul(project(x, 'query'), o.transpose(keys, 0, 2, 1)), 1 / Math.sqrt(channels)); // [B,hw,hw]
  return o.add(x, untoken(o.matMul(o.softmax(scores), project(y, 'value')), x));
}

/** [B,C,h,w] -> [B,hw,C] */
function tokens(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return o.transpose(o.reshape(x, batch, channels, height * width), 0, 2, 1);
}

/** [B,hw,C] -> [B,C,h,w] of `like` */
function untoken(x: Tensor, like: Tensor): Tensor {
  return o.reshape(o.transpose(x, 0, 2, 1), ...like.shape);
}

/** Twice the size: [B,C,h,w] -> [B,out,2h,2w]. */
function upscale(layers: Layers, name: string, x: Tensor, out: number): Tensor {
  return o.depthToSpace(layers.conv(x, name, { out: 4 * out, kernel: 1 }), 2);
}

/** relu(x + norm(conv(relu(norm(conv(x)))))) */
function residual(layers: Layers, name: string, x: Tensor): Tensor {
  const out = x.shape[1]!;
  const inner = o.relu(layers.convNorm(x, `${name}.conv1`, { out, kernel: 3 }));
  return o.relu(o.add(x, layers.convNorm(inner, `${name}.conv2`, { out, kernel: 3 })));
}
