/**
 * `twinspect camera list`: the cameras that answer now. Network and USB cameras through libaravis, whose search takes
 * a second for each interface; video devices of the kernel by their files. A library that is missing hides only its
 * own cameras, and is said.
 */
import { searchAravis } from '../../../drivers/index.ts';
import { fail, messageOf, TwinspectError } from '../../../errors.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';

interface Listed {
  /** What other commands and the configuration call it. */
  readonly name: string;
  readonly address: string;
  readonly kind: string;
  readonly what: string;
}

const videoFolder = '/sys/class/video4linux';

export async function listCameras(context: Context, args: Args): Promise<void> {
  args.atMost(1);
  const problems: string[] = [];
  const found = [
    ...(await genicamCameras(context, args.text('library') ?? '', problems)),
    ...(await videoDevices(context)),
  ];
  const json = args.flag('json');
  if (json) context.stdout(JSON.stringify({ cameras: found, problems }, null, 2));
  // A search that finds nothing is no success: a script would go on with no camera.
  if (found.length === 0) throw fail('camera/none', { problems: problems.map((problem) => `; ${problem}`).join('') });
  if (json) return;
  for (const problem of problems) context.stderr(problem);
  const width = (column: keyof Listed): number => Math.max(...found.map((each) => each[column].length));
  for (const each of found) {
    const columns = (['name', 'address', 'kind'] as const).map((column) => each[column].padEnd(width(column)));
    context.stdout([...columns, each.what].join('  ').trimEnd());
  }
}

async function genicamCameras({ clock }: Context, library: string, problems: string[]): Promise<Listed[]> {
  try {
    const { devices } = await searchAravis(library, clock);
    return devices.map(({ serial, id, address, protocol, vendor, model }) => ({
      name: serial || id,
      address,
      kind: protocol,
      what: `${vendor} ${model}`,
    }));
  } catch (error) {
    if (!(error instanceof TwinspectError)) throw error;
    problems.push(`network and USB cameras are not listed: ${messageOf(error)}`, error.action);
    return [];
  }
}

async function videoDevices({ files }: Context): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const { name } of (await files.list(videoFolder)) ?? []) {
    const text = new TextDecoder().decode(await files.read(`${videoFolder}/${name}/name`));
    found.push({ name: `/dev/${name}`, address: '', kind: 'video', what: text.trim() });
  }
  return found;
}
