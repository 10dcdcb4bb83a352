/**
 * What a camera sends of each exposure, and what of it becomes which modality: a camera with components (range,
 * intensity, confidence) sends parts, another one image. Reads formats, sizes and scales once, after configuration;
 * refuses what cannot become the modalities that are asked for.
 */
import { fail } from '../../errors.ts';
import type { Modality } from '../frame.ts';
import type { Features } from './features.ts';
import {
  formatName,
  type PixelFormat,
  pixelFormatOf,
  readableDepthFormats,
  readableImageFormats,
} from './pixel-formats.ts';
import { type DepthDecoder, depthDecoder, depthScaleOf, type Scan3dFacts } from './scan3d.ts';

/** SFNC's own numbers; a device that says others is believed. */
const usualIds: Readonly<Record<string, number>> = { Intensity: 1, Infrared: 2, Range: 4, Confidence: 6, Disparity: 8 };

export interface Component {
  readonly name: string;
  readonly componentId: number;
  readonly format: PixelFormat;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Delivery {
  readonly components: readonly Component[];
  /** The component that becomes the colour image, and the one that becomes depth; null where not asked for. */
  readonly rgb: Component | null;
  readonly depth: Component | null;
  readonly confidence: Component | null;
  /** Of the depth component, by the camera's own scale; null where there is none. */
  readonly decodeDepth: DepthDecoder | null;
}

export type Role = Modality | 'confidence';

/** What a part is, by its format and by the component it says it is. */
export function roleOf(format: PixelFormat, componentId: number): Role | null {
  if (format.use === 'depth' || format.use === 'confidence') return format.use;
  if (componentId === usualIds['Range']) return format.use === 'mono16' ? 'depth' : null;
  if (componentId === usualIds['Confidence']) return 'confidence';
  return componentId === usualIds['Disparity'] ? null : 'rgb';
}

/** Throws `camera/format`, `camera/delivers` or `camera/setting`. */
export function deliveryOf(id: string, features: Features, modalities: readonly Modality[]): Delivery {
  const seen = features.isAvailable('ComponentSelector') ? eachComponent(features) : [only(features)];
  const components: Component[] = seen.flatMap((each) =>
    each.format === null ? [] : [{ ...each, format: each.format }],
  );
  const of = (role: Role): Component[] =>
    components.filter(({ format, componentId }) => roleOf(format, componentId) === role);
  for (const modality of modalities) {
    if (of(modality).length > 0) continue;
    const unread = seen.find(({ format }) => format === null);
    const expected = modality === 'rgb' ? readableImageFormats : readableDepthFormats;
    if (unread) throw fail('camera/format', { id, component: unread.name, format: formatName(unread.code), expected });
    const found = components.map(({ name, format }) => `${name} in ${format.name}`).join(' and ') || 'nothing';
    const what = modality === 'rgb' ? 'an image' : 'depth';
    throw fail('camera/delivers', { id, found, expected: `${what} (${expected})` });
  }
  const depth = modalities.includes('depth') ? of('depth')[0]! : null;
  const rgb = modalities.includes('rgb') ? ofMostColour(of('rgb')) : null;
  const decodeDepth =
    depth === null
      ? null
      : depthDecoder(depth.format, depthScaleOf(id, depth.format, scan3dFacts(features, depth.name)));
  return { components, rgb, depth, confidence: of('confidence')[0] ?? null, decodeDepth };
}

/** Bytes that an exposure takes when it is delivered. */
export function deliveredBytes({ rgb, depth }: Delivery): number {
  const pixels = (of: Component | null): number => (of === null ? 0 : of.widthPx * of.heightPx);
  return 3 * pixels(rgb) + 4 * pixels(depth) + 8;
}

/** A colour image rather than a grey one, the camera's own order otherwise. */
function ofMostColour(images: readonly Component[]): Component {
  const colours = images.filter(({ format }) => !format.name.startsWith('Mono'));
  return (colours[0] ?? images[0])!;
}

type Seen = Omit<Component, 'format'> & { readonly format: PixelFormat | null; readonly code: number };

function eachComponent(features: Features): Seen[] {
  return features.entries('ComponentSelector').flatMap((name): Seen[] => {
    features.write('ComponentSelector', name);
    if (features.isAvailable('ComponentEnable') && features.read('ComponentEnable') !== 'true') return [];
    const own = features.isAvailable('ComponentIDValue')
      ? Number(features.integer('ComponentIDValue'))
      : usualIds[name];
    return [{ ...only(features), name, componentId: own ?? 0 }];
  });
}

function only(features: Features): Seen {
  const code = Number(features.integer('PixelFormat'));
  const format = pixelFormatOf(code);
  const [widthPx, heightPx] = [Number(features.integer('Width')), Number(features.integer('Height'))];
  return { name: 'the image', componentId: 0, code, format, widthPx, heightPx };
}

function scan3dFacts(features: Features, component: string): Scan3dFacts {
  if (features.isAvailable('ComponentSelector')) features.write('ComponentSelector', component);
  const selector = 'Scan3dCoordinateSelector';
  if (features.isAvailable(selector)) {
    const c = features.entries(selector).find((entry) => entry === 'CoordinateC');
    if (c !== undefined) features.write(selector, c);
  }
  const number = (name: string): number | null => (features.isAvailable(name) ? features.float(name) : null);
  const text = (name: string): string | null => (features.isAvailable(name) ? features.read(name) : null);
  const flag = text('Scan3dInvalidDataFlag');
  return {
    coordinateScale: number('Scan3dCoordinateScale'),
    coordinateOffset: number('Scan3dCoordinateOffset'),
    invalidFlag: flag === null ? null : flag === 'true',
    invalidValue: number('Scan3dInvalidDataValue'),
    distanceUnit: text('Scan3dDistanceUnit'),
    outputMode: text('Scan3dOutputMode'),
  };
}
