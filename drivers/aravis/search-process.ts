/** A process that searches for cameras once, says what it found, and ends: the search blocks for seconds. */
import process from 'node:process';
import { toWire } from '../native/protocol.ts';
import { searchDevices } from './discover.ts';
import { loadAravis } from './library.ts';
import type { SearchAnswer } from './search.ts';

function answer(): SearchAnswer {
  try {
    const arv = loadAravis(process.argv[2] ?? '');
    return { library: `libaravis ${arv.version} (${arv.name})`, devices: searchDevices(arv) };
  } catch (error) {
    return { error: toWire(error) };
  }
}

process.send?.(answer());
