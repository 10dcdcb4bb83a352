/**
 * `twinspect camera features`: every feature of a GenICam camera with its value and what it may be; and writing one,
 * which lasts until the camera is opened anew (lasting ones stand in the configuration).
 */
import { AravisCamera, type Feature } from '../../../drivers/aravis/camera.ts';
import { fail } from '../../../errors.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { chooseCameras } from './chosen.ts';
import { listening, nothingHeard, whileRunning } from './listening.ts';
import { requireRunning } from './show.ts';

export async function listFeatures(context: Context, args: Args): Promise<void> {
  args.atMost(3);
  const settings = args.texts('set').map(parseSetting);
  const { cameras } = await chooseCameras(context, args, args.positionals[1]);
  const genicam = cameras.filter((camera) => camera instanceof AravisCamera);
  if (genicam.length === 0) {
    const { id } = cameras[0]!;
    throw fail('camera/setting', { id, setting: 'driver', value: 'without features', expected: 'aravis, or a NAME' });
  }
  const filter = (args.positionals[2] ?? '').toLowerCase();
  const all: Record<string, Feature[]> = {};
  for (const camera of genicam) {
    all[camera.id] = await whileRunning(
      [camera],
      () => listening(nothingHeard(), () => {}),
      async () => {
        requireRunning(camera);
        const written: Feature[] = [];
        for (const { name, value } of settings) written.push(await camera.writeFeature(name, value));
        if (written.length > 0) return written;
        const found = (await camera.features()).filter(({ name }) => name.toLowerCase().includes(filter));
        if (found.length === 0) throw fail('camera/noFeature', { id: camera.id, filter });
        return found;
      },
    );
  }
  if (args.flag('json')) {
    context.stdout(JSON.stringify(all, null, 2));
    return;
  }
  for (const [id, features] of Object.entries(all)) {
    if (genicam.length > 1) context.stdout(`${id}:`);
    show(context, features);
  }
}

function show(context: Context, features: readonly Feature[]): void {
  let category = '';
  for (const feature of features) {
    if (feature.kind === 'category') continue;
    if (feature.category !== category) {
      category = feature.category;
      context.stdout(`[${category}]`);
    }
    const { name, kind, access, value, expected } = feature;
    const isCommand = kind === 'command';
    const state = isCommand ? 'a command' : (value ?? 'cannot be read now');
    const range = expected === '' || isCommand ? '' : `  (${expected})`;
    context.stdout(`  ${name} = ${state}${range}${access === 'read' ? '  read-only' : ''}`);
  }
}

function parseSetting(text: string): { name: string; value: string } {
  const match = /^(\w+)=(.*)$/.exec(text);
  if (!match) throw fail('usage/value', { option: 'set', found: text, expected: 'FEATURE=VALUE' });
  return { name: match[1]!, value: match[2]! };
}
