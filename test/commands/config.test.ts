import { expect, test } from 'vitest';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { filesOf, scene } from './scene.ts';

async function config(argv: string[], texts: Record<string, string> = {}, env: Record<string, string> = {}) {
  const it = scene({ files: filesOf(texts), env });
  const code = await dispatch(['config', ...argv], it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

test('check says that a file is good', async () => {
  const checked = await config(['check', 'a.yaml', '--file-only'], { 'a.yaml': 'line: { id: a, deadlineMs: 900 }' });
  expect(checked).toMatchObject({ code: 0, err: '' });
  expect(checked.out).toMatch(/^a\.yaml is good: 2 keys given, \d+ others at their defaults$/);
});

test('check says all that is wrong, and exits 1', async () => {
  const checked = await config(['check', 'a.yaml'], {
    'a.yaml': 'line: { idd: a, deadlineMs: x }\nlog: { level: loud }',
  });
  expect(checked.code).toBe(1);
  expect(checked.out).toBe('');
  expect(checked.err).toMatch(/^error config\/invalid: 3 problems in a\.yaml:\n/);
});

test.each([
  [['check'], 2, 'config check needs the file to check'],
  [['check', 'none.yaml'], 1, 'No such file: none.yaml'],
  [['show', '--config', 'none.yaml'], 1, 'No such file: none.yaml'],
  [[], 2, 'config needs a sub-command, one of check, show, doc'],
  [['chek'], 2, 'config has no sub-command chek; did you mean check?'],
  [['doc', 'x'], 2, 'config doc does not take "x"'],
])('%j', async (argv, code, expected) => {
  const called = await config(argv);
  expect(called.code).toBe(code);
  expect(called.err).toContain(expected);
});

test('show says each value and where it comes from; the variable names the file where no option does', async () => {
  const env = { TWINSPECT_CONFIG: 'a.json', TWINSPECT_OPCUA_PORT: '4841' };
  const shown = await config(['show'], { 'a.json': '{"line": {"id": "a"}}' }, env);
  expect(shown.out).toMatch(/^line\.id +"a" +file$/m);
  expect(shown.out).toMatch(/^opcua\.port +4841 +environment$/m);
  expect(shown.out).toMatch(/^mqtt\.prefix +"twinspect" +default$/m);
  const json = await config(['show', '--json'], { 'a.json': '{"line": {"id": "a"}}' }, env);
  expect(JSON.parse(json.out)).toMatchObject({
    config: { line: { id: 'a' }, opcua: { port: 4841 } },
    sources: { 'line.id': 'file', 'opcua.port': 'environment' },
  });
});

test('doc is the reference', async () => {
  const { out } = await config(['doc']);
  expect(out).toMatch(/^# Configuration\n/);
  expect(out).toContain('### line.deadlineMs');
});
