/** The evidence store of the configuration; null where none is kept. */
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { encodePng } from '../../drivers/image/png.ts';
import { evidenceFolder } from '../evidence/folder.ts';
import { EvidenceStore } from '../evidence/store.ts';
import { evidenceSettings } from './settings.ts';

export function openEvidence(config: Config, cwd: string, stateFolder: string): EvidenceStore | null {
  const { enabled, folder } = config.evidence;
  if (!enabled) return null;
  const path = folder === '' ? join(stateFolder, 'evidence', config.line.id) : resolve(cwd, folder);
  return new EvidenceStore(evidenceFolder(path), encodePng, evidenceSettings(config));
}
