/** The folder of a bundle that the command line names: a path, or `shipped:NAME@VERSION` as in the configuration. */
import { resolve } from 'node:path';
import { bundleFolder } from '../../config/shipped.ts';
import type { Context } from './command.ts';

export function namedBundle({ cwd }: Pick<Context, 'cwd'>, given: string): string {
  return resolve(cwd, bundleFolder(given));
}
