/**
 * What the drawings of the pages are made of: a frame with axes, lines and words as SVG text. Colours come from the
 * page's style by class, so that a drawing follows light and dark.
 */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);

/** Drawing area inside the axes, px. */
export const frame = { left: 46, top: 14, width: 384, height: 236 } as const;
export const bottom = frame.top + frame.height;
export const right = frame.left + frame.width;
export const px = (value: number): string => value.toFixed(1);

export const short = (value: number): string => {
  const text = Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : `${value}`;
  return text.replace('-', '−');
};

/** Two significant digits: as much as an axis needs. */
export const rounded = (value: number): number => Number(value.toPrecision(2));

export function svg(title: string, body: readonly string[]): string {
  return (
    `<svg viewBox="0 0 ${right + 14} ${bottom + 44}" role="img" aria-label="${escaped(title)}">` +
    `<title>${escaped(title)}</title>${body.join('')}</svg>`
  );
}

export const text = (x: number, y: number, words: string, anchor = 'middle', extra = ''): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${extra}>${escaped(words)}</text>`;

export const line = (x1: number, y1: number, x2: number, y2: number, css: string): string =>
  `<line class="${css}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;

export const xTick = (x: number, words: string): string =>
  line(x, bottom, x, bottom + 4, 'axis') + text(x, bottom + 17, words);

export const xLabel = (words: string): string =>
  text(frame.left + frame.width / 2, bottom + 37, words, 'middle', ' class="label"');
