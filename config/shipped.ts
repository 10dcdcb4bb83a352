/** Bundles that come with this package, named `shipped:NAME@VERSION` wherever the package is installed. */
import { fileURLToPath } from 'node:url';
import { shippedPrefix } from './words.ts';

const folder = fileURLToPath(new URL('../models/shipped/', import.meta.url));

/** The folder a configured bundle names; a path is left as it is. */
export function bundleFolder(bundle: string): string {
  return bundle.startsWith(shippedPrefix) ? `${folder}${bundle.slice(shippedPrefix.length)}` : bundle;
}

/** The name back from the folder: it must not change when the package is installed somewhere else. */
export function bundleWord(path: string): string {
  return path.startsWith(folder) ? `${shippedPrefix}${path.slice(folder.length)}` : path;
}
