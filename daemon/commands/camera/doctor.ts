/**
 * `twinspect camera doctor`: is this host fit for cameras? Each setting that costs frames, with the command that mends
 * it. Reads only; nothing is changed.
 */
import { loadAravis } from '../../../drivers/aravis/library.ts';
import { fail, messageOf } from '../../../errors.ts';
import type { Finding } from '../../checks/finding.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { configFor } from '../config.ts';
import { hostFindings } from './host.ts';

export async function cameraDoctor(context: Context, args: Args): Promise<void> {
  args.atMost(1);
  const { config } = await configFor(context, args.text('config'));
  const findings = [
    library(args.text('library') ?? ''),
    ...(await hostFindings(context.files)),
    await calibration(context, config.registration.calibration),
  ];
  if (args.flag('json')) context.stdout(JSON.stringify({ findings }, null, 2));
  else print(context, findings);
  const failed = findings.filter(({ status }) => status === 'fail').length;
  if (failed > 0) throw fail('doctor/problems', { count: failed, checks: findings.length });
}

function library(path: string): Finding {
  const check = 'libaravis';
  try {
    const { version, name } = loadAravis(path);
    return { check, status: 'ok', text: `${version} (${name})` };
  } catch (error) {
    const advice = 'sudo apt-get install libaravis-0.8-0; where that is too old, build one (docs/cameras.md)';
    return { check, status: 'warn', text: messageOf(error), advice };
  }
}

/** A calibration that the line would refuse at its start. */
async function calibration({ files, cwd }: Context, path: string): Promise<Finding> {
  const check = 'calibration';
  if (path === '') return { check, status: 'ok', text: 'none: the cameras deliver colour and depth on one grid' };
  const { resolve } = await import('node:path');
  const { calibrationDigest, parseCalibration } = await import('../../../drivers/registration/calibration.ts');
  try {
    const text = new TextDecoder().decode(await files.read(resolve(cwd, path)));
    const found = parseCalibration(text, path);
    const sizes = [found.rgb, found.depth].map(({ widthPx, heightPx }) => `${widthPx} x ${heightPx}`);
    const digest = calibrationDigest(found).slice(0, 12);
    return { check, status: 'ok', text: `${path}: RGB ${sizes[0]} onto depth ${sizes[1]}, digest ${digest}` };
  } catch (error) {
    const advice = 'Correct registration.calibration, or calibrate again: the line does not start with this one.';
    return { check, status: 'fail', text: messageOf(error), advice };
  }
}

function print(context: Context, findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, status, text, advice } of findings) {
    context.stdout(`${status.padEnd(4)}  ${check.padEnd(width)}  ${text}`);
    if (advice !== undefined) context.stdout(`${' '.repeat(width + 8)}${advice}`);
  }
}
