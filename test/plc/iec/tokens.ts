/** Structured Text cut into words, numbers and signs, each with its line. Comments are `//` and `(* *)`. */

export class StError extends Error {
  constructor(line: number, text: string) {
    super(`line ${line}: ${text}`);
    this.name = 'StError';
  }
}

export interface Token {
  readonly kind: 'word' | 'integer' | 'real' | 'time' | 'string' | 'sign' | 'end';
  readonly text: string;
  readonly line: number;
  /** Of a number, or of a time in ms. */
  readonly value: number;
}

const shapes: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /\s+|\/\/[^\n]*|\(\*[\s\S]*?\*\)/y],
  ['time', /(?:T|TIME)#(?:\d+(?:d|h|ms|m|s))+/y],
  ['word', /[A-Za-z_]\w*/y],
  ['real', /\d+\.\d+/y],
  ['integer', /16#[0-9A-F]+|\d+/y],
  ['string', /'[^'\n]*'/y],
  ['sign', /:=|<>|<=|>=|\.\.|[-+*/=<>()[\].,;:]/y],
];

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  next: while (at < source.length) {
    for (const [kind, shape] of shapes) {
      shape.lastIndex = at;
      const text = shape.exec(source)?.[0];
      if (text === undefined) continue;
      if (kind !== 'space') tokens.push({ kind, text, line, value: numberOf(kind, text) });
      at += text.length;
      line += text.split('\n').length - 1;
      continue next;
    }
    throw new StError(line, `${JSON.stringify(source[at])} belongs to nothing here`);
  }
  return [...tokens, { kind: 'end', text: 'the end', line, value: 0 }];
}

function numberOf(kind: Token['kind'], text: string): number {
  if (kind === 'integer') return text.startsWith('16#') ? Number.parseInt(text.slice(3), 16) : Number(text);
  if (kind === 'real') return Number(text);
  if (kind !== 'time') return 0;
  const pieces = text.matchAll(/(\d+)(ms|d|h|m|s)/g);
  return [...pieces].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit!]!, 0);
}

/** The tokens one after the other, with what a reader of them asks for. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  get now(): Token {
    return this.#tokens[this.#at]!;
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.now;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Takes this keyword or sign if it stands here. */
  taken(text: string): boolean {
    const { kind, text: here } = this.now;
    const is = here === text && (kind === 'word' || kind === 'sign');
    if (is) this.#at++;
    return is;
  }

  expect(text: string): Token {
    const token = this.now;
    if (!this.taken(text)) this.refuse(`expected ${text}, found ${token.text}`);
    return token;
  }

  word(what: string): Token {
    const token = this.take();
    if (token.kind !== 'word') throw new StError(token.line, `expected ${what}, found ${token.text}`);
    return token;
  }

  refuse(text: string): never {
    throw new StError(this.now.line, text);
  }
}
