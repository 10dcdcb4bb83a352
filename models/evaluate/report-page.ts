/**
 * What the pages have in common: one HTML file that needs nothing beside itself (no script, no font, no network; a
 * content policy in the page forbids them), figures in words, and rows of pictures. Refuses pictures that are no PNG.
 */
import { Buffer } from 'node:buffer';
import { fail } from '../../errors.ts';
import { style } from './report-style.ts';
import { escaped } from './svg.ts';

/** Twelve parts of four pictures of up to 2 MiB stay below 130 MiB of page; what is beyond is counted on the page. */
export const maxPicturedParts = 12;
export const maxPictureBytes = 2 * 2 ** 20;

export const decimals = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
export const percent = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
export const many = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

export function page(title: string, sections: readonly string[]): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" ` +
    `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>` +
    `<style>${style}</style></head><body>${sections.join('\n')}</body></html>\n`
  );
}

export const section = (title: string, body: string): string => `<section><h2>${title}</h2>${body}</section>`;

/** Figures to be seen first: name, value, and what it is of. */
export function keyFigures(rows: readonly (readonly [name: string, value: string, of: string])[]): string {
  const shown = rows.map(([name, value, of]) => `<div><dt>${name}</dt><dd>${value}<small>${of}</small></dd></div>`);
  return `<dl class="key">${shown.join('')}</dl>`;
}

export const figure = (caption: string, drawing: string): string =>
  `<figure><figcaption>${caption}</figcaption>${drawing}</figure>`;

/** A part and its pictures, in the order they are shown: what each shows, and a whole PNG. */
export interface PictureRow {
  id: string;
  /** What is said of the part beside its name. */
  said: string;
  pictures: readonly { shows: string; png: Uint8Array }[];
}

/** The parts, or a word that there are none. */
export function pictureRows(rows: readonly PictureRow[], none: string): string {
  if (rows.length === 0) return `<p>${none}</p>`;
  const shown = rows.slice(0, maxPicturedParts).map(({ id, said, pictures }) => {
    const row = pictures.map(({ shows, png }) => {
      const image = `<img alt="${shows} of ${escaped(id)}" src="${pngUrl(id, shows, png)}">`;
      return `<figure>${image}<figcaption>${shows}</figcaption></figure>`;
    });
    const heading = `<p>${escaped(id)} <span class="soft">${escaped(said)}</span></p>`;
    return `<div class="part">${heading}<div class="row">${row.join('')}</div></div>`;
  });
  const left = rows.length - shown.length;
  return shown.join('') + (left > 0 ? `<p class="soft">${many(left, 'more part')} not shown.</p>` : '');
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function pngUrl(id: string, name: string, bytes: Uint8Array): string {
  if (!pngSignature.every((byte, i) => bytes[i] === byte)) {
    throw fail('evaluate/picture', { id, name, actual: `${bytes.length} bytes of something else`, expected: 'a PNG' });
  }
  if (bytes.length > maxPictureBytes) {
    throw fail('evaluate/picture', {
      id,
      name,
      actual: `${bytes.length} bytes`,
      expected: `at most ${maxPictureBytes}`,
    });
  }
  return `data:image/png;base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`;
}
