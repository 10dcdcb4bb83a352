/**
 * A scratch folder for each page, as its reader has it: the checkout (by links), and the files the page speaks of. The
 * same seeds give the same parts.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import sharp from 'sharp';
import { certificateFacts } from '../../daemon/publish/opcua/security/certificate-facts.ts';
import { type DefectKind, exportSynthetic } from '../../drivers/index.ts';
import { renderPart } from '../../drivers/synthetic/part.ts';
import { root } from '../architecture/source.ts';
import { grid } from '../inference/tiny-bundle.ts';
import { clientIdentity } from '../publish/opcua/plant.ts';
import { narrowSpec, tinyTeacherFile } from '../teach/tiny-teacher.ts';
import { run, type Where } from './run.ts';

export interface Scratch extends Where {
  /** What the page writes in the place of something that differs from one installation to another. */
  readonly placeholders: Readonly<Record<string, string>>;
}

type Fixture = (scratch: Where) => Promise<Record<string, string> | undefined>;

/** What a page needs beside the checkout. A page without a line here needs nothing. */
const fixtures: Readonly<Record<string, Fixture>> = {
  async 'README.md'({ folder }) {
    await dataset(join(folder, 'recorded'), 3, ['dent', 'stain']);
    await dataset(join(folder, 'rejected'), 4, []);
    await dataset(join(folder, 'labelled'), 5, ['dent']);
    writeFileSync(join(folder, 'resnet50.safetensors'), tinyTeacherFile(narrowSpec));
    writeFileSync(join(folder, 'password.txt'), 'a-long-password-1\n');
    writeFileSync(join(folder, 'line.yaml'), quickLine);
    return { THUMBPRINT: await refusedClient(folder) };
  },
  async 'docs/data.md'({ folder }) {
    await scanned(folder, { pictures: 'pictures', clouds: 'points', ending: '.png', missingMm: null });
    await scanned(folder, { pictures: 'scans', clouds: 'clouds', ending: '.jpg', missingMm: -1 });
    await scanned(folder, {
      pictures: 'dents',
      clouds: 'dent-clouds',
      masks: 'dent-masks',
      ending: '.jpg',
      missingMm: -1,
    });
    return undefined;
  },
  async 'docs/recording.md'({ folder }) {
    writeFileSync(join(folder, 'line.yaml'), quickLine);
    return undefined;
  },
  async 'docs/registration.md'({ folder }) {
    writeFileSync(join(folder, 'depth.yaml'), lens('image_width: 640\nimage_height: 480\n', 'camera_matrix', 610, 322));
    writeFileSync(join(folder, 'rgb.yaml'), lens('image_width: 1280\nimage_height: 960\n', 'camera_matrix', 1190, 652));
    writeFileSync(join(folder, 'stereo.yml'), pose);
    writeFileSync(join(folder, 'extrinsics.yml'), pose);
    const second = lens('', 'M2', 1190, 652, 'D2').replace(/^%YAML:1.0\n---\n/, '');
    writeFileSync(join(folder, 'intrinsics.yml'), lens('', 'M1', 610, 322, 'D1') + second);
    return undefined;
  },
  async 'docs/security.md'({ folder, env }) {
    writeFileSync(join(folder, 'secret.txt'), 'a-long-password-1\n');
    // The own certificate is made at the first start; this is one.
    const { code, output } = await run('twinspect run', { folder, env }, /PASS|FAIL/);
    if (code !== 0) throw new Error(`no first start: ${output}`);
    return { '3f45eb8c': (await refusedClient(folder)).slice(0, 8) };
  },
  async 'docs/state.md'(scratch) {
    // As a power cut leaves it: zeros.
    mkdirSync(join(scratch.folder, 'state'));
    writeFileSync(join(scratch.folder, 'state', 'journal.sqlite'), new Uint8Array(8192));
    const { code, output } = await run('twinspect run', scratch, /PASS|FAIL/);
    if (code !== 0) throw new Error(`no start: ${output}`);
    return undefined;
  },
};

/** To be called within a test; whoever calls it removes the folder. */
export async function scratchFor(page: string): Promise<Scratch> {
  const folder = mkdtempSync(join(tmpdir(), 'twinspect-page-'));
  for (const name of ['package.json', 'daemon', 'test', 'node_modules'])
    symlinkSync(join(root, name), join(folder, name));
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(root, 'daemon/twinspect.js'), join(folder, 'bin', 'twinspect'));
  const env = {
    PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
    HOME: folder,
    // Another daemon may run on this machine: any ports that are free.
    TWINSPECT_MQTT_EMBEDDED_PORT: '0',
    TWINSPECT_OPCUA_PORT: '0',
  };
  return { folder, env, placeholders: (await fixtures[page]?.({ folder, env })) ?? {} };
}

export const pagesWithFixtures = Object.keys(fixtures);

/** A line without cameras of its own: synthetic parts, as often as a machine that has other work too can draw them. */
const quickLine = 'camera: { driver: synthetic, synthetic: { periodMs: 400 } }\n';

async function dataset(dir: string, seed: number, kinds: readonly DefectKind[]): Promise<void> {
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  const counts = { train: 10, validation: 4, testGood: 20, testPerKind: 3 };
  await exportSynthetic(write, { dir, seed, grid, kinds, ...counts });
}

interface Scans {
  readonly pictures: string;
  readonly clouds: string;
  readonly masks?: string;
  readonly ending: '.png' | '.jpg';
  /** What stands for a missing point; null: no point is missing. */
  readonly missingMm: number | null;
}

/** Pictures and point grids as a 3D camera's software leaves them, ten of each. */
async function scanned(folder: string, { pictures, clouds, masks, ending, missingMm }: Scans): Promise<void> {
  for (const each of [pictures, clouds, masks]) if (each !== undefined) mkdirSync(join(folder, each));
  const { widthPx, heightPx } = grid;
  for (let part = 0; part < 10; part++) {
    const name = String(part).padStart(3, '0');
    const { rgb, depthMm, truth } = renderPart({
      ...{ seed: 6, part, grid },
      ...(masks === undefined ? {} : { defect: { kind: 'dent' as const, severity: 1 } }),
    });
    const raw = { width: widthPx, height: heightPx, channels: 3 as const };
    await sharp(rgb, { raw }).toFile(join(folder, pictures, name + ending));
    const usualMm = depthMm.find((mm) => mm > 0)!;
    const points = Array.from(depthMm, (mm, i) => {
      const z = mm > 0 ? mm : (missingMm ?? usualMm);
      return `${i % widthPx} ${Math.floor(i / widthPx)} ${z.toFixed(3)}\n`;
    });
    const axes = ['x', 'y', 'z'].map((axis) => `property float ${axis}\n`).join('');
    const head = `ply\nformat ascii 1.0\nobj_info num_cols ${widthPx}\nobj_info num_rows ${heightPx}\n`;
    const text = `${head}element vertex ${points.length}\n${axes}end_header\n${points.join('')}`;
    writeFileSync(join(folder, clouds, `${name}.ply`), text);
    if (masks === undefined) continue;
    const white = Uint8Array.from(truth, (value) => (value > 0 ? 255 : 0));
    const drawn = sharp(white, { raw: { ...raw, channels: 1 } });
    await drawn.png().toFile(join(folder, masks, `${name}.png`));
  }
}

/** A client that came with its certificate and was refused. Returns the thumbprint. */
async function refusedClient(folder: string): Promise<string> {
  const { certificateFile } = await clientIdentity();
  const refused = join(folder, 'state', 'opcua', 'rejected');
  mkdirSync(refused, { recursive: true });
  cpSync(certificateFile, join(refused, 'client.pem'));
  return certificateFacts(readFileSync(certificateFile))!.thumbprint;
}

function lens(size: string, matrix: string, focal: number, cx: number, distortion = 'distortion_coefficients'): string {
  const cy = cx * 0.73;
  return `%YAML:1.0
---
${size}${matrix}: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ ${focal}., 0., ${cx}., 0., ${focal}., ${cy.toFixed(1)}, 0., 0., 1. ]
${distortion}: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [ -0.05, 0.02, 0.0004, -0.0003, 0. ]
`;
}

const pose = `%YAML:1.0
---
R: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1., 0., 0., 0., 1., 0., 0., 0., 1. ]
T: !!opencv-matrix
   rows: 3
   cols: 1
   dt: d
   data: [ -58., 3., 6. ]
`;
