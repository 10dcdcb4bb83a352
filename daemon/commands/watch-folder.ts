/** The real folder watch for the configuration: inotify, no polling. It never keeps the process alive. */
import { watch } from 'node:fs';
import type { FolderWatch } from '../../config/watch.ts';

export const watchFolder: FolderWatch = (folder, changed, failed) => {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => changed(name));
    watcher.on('error', failed);
    return watcher;
  } catch (error) {
    // No folder, or no inotify watch left on this machine: told, as a watch that breaks later is.
    failed(error);
    return { close: () => {} };
  }
};
