/**
 * A configuration file as data: YAML or JSON, by its extension, with the line each value stands on.
 * The only importer of `yaml`. It reads and never writes: the operator's file is the operator's.
 */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { fail, messageOf } from '../errors.ts';

/** A configuration is some kilobytes; what is larger is the wrong file. */
const fileMaxBytes = 1024 * 1024;

export interface ConfigDocument {
  readonly value: unknown;
  /** Line (1..) of a key, by its names from the root; null where it cannot be told. */
  lineOf(names: readonly string[]): number | null;
}

/** Parses the text of a configuration file. Throws `config/syntax` with line and cause, all of them at once. */
export function parseConfigText(text: string, file: string): ConfigDocument {
  if (text.length > fileMaxBytes) {
    throw fail('config/syntax', { file, problem: `larger than ${fileMaxBytes} bytes` });
  }
  const problem = textProblem(text);
  if (problem !== null) throw fail('config/syntax', { file, problem });
  if (file.endsWith('.json')) requireJson(text, file);
  else if (!/\.ya?ml$/.test(file)) throw fail('config/extension', { file });
  const lines = new LineCounter();
  // JSON is read as YAML too: that finds keys given twice, and knows the lines.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    const told = problems.map((problem) => `line ${lines.linePos(problem.pos[0]).line}: ${problem.message}`);
    throw fail('config/syntax', { file, problem: told.join('; ') });
  }
  return { value: toValue(), lineOf };

  function toValue(): unknown {
    try {
      return document.toJS();
    } catch (error) {
      throw fail('config/syntax', { file, problem: messageOf(error) }, error);
    }
  }

  function lineOf(names: readonly string[]): number | null {
    let node: unknown = document.contents;
    let line: number | null = null;
    for (const name of names) {
      const pair = isMap(node)
        ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === name)
        : null;
      if (!pair || !isScalar(pair.key)) return line;
      line = pair.key.range ? lines.linePos(pair.key.range[0]).line : line;
      node = pair.value;
    }
    return line;
  }
}

/**
 * A power cut, a full disk or an editor that is half way through leaves a file empty or full of zeros. That is never
 * the wish for all defaults, which would judge synthetic parts; a file of comments only is.
 */
function textProblem(text: string): string | null {
  if (text.trim() === '') return 'the file is empty';
  if (/^\0+$/.test(text)) return 'the file holds nothing but zeros, as a power cut leaves it';
  if (text.includes('\0') || text.includes('\uFFFD')) return 'the file is no text in UTF-8: save it as UTF-8';
  return null;
}

function requireJson(text: string, file: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw fail('config/syntax', { file, problem: messageOf(error) }, error);
  }
}
