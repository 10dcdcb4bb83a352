/**
 * Is a frame news? One watch per modality: a frame whose number does not advance, or whose bytes equal those of the
 * frame before it, is stale: a driver or a camera that repeats itself must never be judged twice.
 *
 * The digest is a hash of words taken evenly from all over the frame, every word of a small one: equal bytes always
 * give equal digests, so no repetition escapes. Frames that differ only between the samples, or collide (once in
 * 2^32), cost one part an `undecided`; a sensor's noise keeps two exposures from agreeing in thousands of words.
 */
import type { Frame } from '../../drivers/frame.ts';

/** Frames of fewer words are hashed whole. */
const wholeMaxWords = 65_536;
/** Of a larger frame so many words in a row are taken, somewhere in each stretch. */
const takenWords = 8;
const stretchWords = 512;
/** 2^32 by the golden ratio, odd: its multiples fall evenly, and in step with no row's length. */
const golden = 0x9e3779b1;

export class Freshness {
  #frameId: number | null = null;
  #digest: number | null = null;

  /** Notes the frame as the latest; why it is stale, or null. */
  problem(frame: Frame): string | null {
    const digest = digestOf(frame);
    const before = { frameId: this.#frameId, digest: this.#digest };
    this.#frameId = frame.frameId;
    this.#digest = digest;
    if (before.frameId !== null && frame.frameId <= before.frameId) {
      return `${frame.modality} frame id ${frame.frameId} after ${before.frameId}, expected a larger one`;
    }
    if (digest === before.digest)
      return `${frame.modality} frame ${frame.frameId} has the bytes of the frame before it`;
    return null;
  }

  /** A frame of another numbering: its bytes may not come again as the next one's, its number says nothing. */
  seen(frame: Frame): void {
    this.#digest = digestOf(frame);
  }

  /** The camera was opened anew: its numbers may begin again, its pictures may still not repeat. */
  reset(): void {
    this.#frameId = null;
  }
}

function digestOf(frame: Frame): number {
  const data = frame.modality === 'rgb' ? frame.pixels : frame.depthMm;
  return hash(wordsOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

/** The same bytes are the same words wherever they lie; up to three bytes at the end are filled up with zeros. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const isWords = bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0;
  if (isWords) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4));
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}

/** Two lanes, because each step waits for the one before it. */
function hash(words: Uint32Array): number {
  const stretch = words.length < wholeMaxWords ? takenWords : stretchWords;
  const play = stretch - takenWords;
  let even = 1;
  let odd = 2;
  for (let from = 0, nth = 0; from < words.length; from += stretch, nth++) {
    const first = from + (((Math.imul(nth, golden) >>> 16) * play) >>> 16);
    const end = Math.min(first + takenWords, words.length);
    for (let at = first; at < end; at += 2) {
      even = mixed(even, words[at]!);
      odd = mixed(odd, at + 1 < end ? words[at + 1]! : 0);
    }
  }
  return mixed(even, odd);
}

/** A multiplication carries differences up only; the rotation brings them down again. */
function mixed(state: number, word: number): number {
  const product = Math.imul(state ^ word, golden);
  return (product << 13) | (product >>> 19);
}
