/** The pages people read, and the commands they are told to type: in blocks of `sh`, and in the text in backticks. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, under } from '../architecture/source.ts';

export interface Block {
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  readonly language: string;
  readonly lines: readonly string[];
}

/** What is typed at once: continued lines joined, comments left out, `a && b` as two. */
export interface Command {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** Every page but the log of changes, which tells of what is no longer so. */
export function readPages(): string[] {
  const folders = ['docs', 'deploy', 'models/shipped'].filter((folder) => existsSync(join(root, folder)));
  return ['README.md', 'ARCHITECTURE.md', ...folders.flatMap(under).filter((path) => path.endsWith('.md'))].sort();
}

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(\w*)\s*$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { line: index + 2, language: fence[1]!, lines: [] };
    else {
      blocks.push({ page, ...open });
      open = null;
    }
  }
  return blocks;
}

export function commandsOf({ page, line: first, lines }: Block): Command[] {
  const commands: Command[] = [];
  let begun: { line: number; text: string } | null = null;
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '' && begun === null) continue;
    const { line: at, text }: { line: number; text: string } = begun ?? { line: first + index, text: '' };
    begun = { line: at, text: `${text} ${line.replace(/\\$/, '').trim()}`.trim() };
    if (line.endsWith('\\')) continue;
    commands.push(...begun.text.split(' && ').map((each) => ({ page, line: at, text: each.trim() })));
    begun = null;
  }
  return commands;
}

/** All commands of the `sh` blocks of a page, from its top to its end. */
export function commandsOfPage(page: string): Command[] {
  return blocksOf(page, textOf(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(commandsOf);
}

/** What stands between backticks outside blocks, with its line. */
export function inlineCode(page: string, text: string): Command[] {
  const without = text.replace(/^\s*```[\s\S]*?^\s*```\s*$/gm, (block) => block.replace(/[^\n]/g, ''));
  return [...without.matchAll(/`([^`]+)`/g)].map((match) => ({
    page,
    line: without.slice(0, match.index).split('\n').length,
    text: match[1]!.replace(/\s+/g, ' '),
  }));
}

/** The arguments of a call of `twinspect`, however it is called; null where the command is another. */
export function twinspectArguments(command: string): string[] | null {
  const call = /^(?:npx twinspect|twinspect|node daemon\/twinspect\.js|npm run (?:--silent )?figures --)\s+(.*)$/.exec(
    command,
  );
  if (call === null) return null;
  const words = call[1]!.replace(/\s*<\s*\S+/, '').split(/\s+/);
  return command.startsWith('npm') ? ['figures', ...words] : words;
}
