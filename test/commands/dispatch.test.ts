import { describe, expect, test } from 'vitest';
import { type Args, readArgs } from '../../daemon/commands/args.ts';
import { type Command, type Context, Interrupted } from '../../daemon/commands/command.ts';
import { actionHelp, dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { fail } from '../../errors.ts';
import { scene } from './scene.ts';

/** A command that does what the test says. */
function commandOf(run: Run): Command {
  return {
    name: 'weigh',
    summary: 'weigh a part',
    usage: ['weigh --data DIR [--parts N] [--fast]', 'weigh list'],
    options: {
      data: { type: 'string', value: 'DIR', doc: 'where the parts are' },
      parts: { type: 'string', short: 'n', value: 'N', doc: 'how many' },
      roi: { type: 'string', value: 'AREA', doc: 'an area', multiple: true },
      fast: { type: 'boolean', doc: 'faster' },
    },
    run,
  };
}

type Run = (context: Context, args: Args) => Promise<void>;

async function call(argv: string[], run: Run = async () => {}, given: Parameters<typeof scene>[0] = {}) {
  const it = scene(given);
  const command = commandOf(run);
  const code = await dispatch(argv, it, {
    seats: [{ name: 'weigh', summary: 'weigh a part' }],
    load: async () => command,
  });
  return { ...it, code };
}

describe('calling', () => {
  test('a command gets its options and positionals; done is 0', async () => {
    const seen: unknown[] = [];
    const { code, err } = await call(
      ['weigh', 'x', '--data=d', '-n', '5', '--roi', 'a', '--roi', 'b', '--fast'],
      async (_context, args) => {
        seen.push(args.required('data'), args.whole('parts', { min: 1, max: 9 }), args.texts('roi'), args.flag('fast'));
        seen.push(args.positional(0, 'a thing'), args.text('missing'), args.flag('other'));
      },
    );
    expect(err).toEqual([]);
    expect(code).toBe(0);
    expect(seen).toEqual(['d', 5, ['a', 'b'], true, 'x', null, false]);
  });

  test.each([
    [['weight'], 'error usage/command: No command weight; did you mean weigh?'],
    [['zzzzzz'], 'error usage/command: No command zzzzzz; there are weigh'],
    [['weigh', '--dat', 'x'], 'error usage/option: weigh has no option --dat; did you mean --data?'],
    [['weigh', '--verbose'], 'it knows --data, --parts, --roi, --fast, --help'],
    [['weigh', '-x'], 'weigh has no option -x; '],
    [['weigh', '--data'], 'Option --data: found nothing, expected a value'],
    [['weigh', '--data', '--fast'], 'Option --data: found --fast, expected a value'],
    [['weigh', '--fast=yes'], 'Option --fast: found yes, expected no value'],
    [['weigh', '--data', 'd', '--parts', 'many'], 'Option --parts: found many, expected a whole number from 1 to 9'],
    [['weigh', '--data', 'd', '--parts', '-1'], 'found -1, expected a whole number'],
    [['weigh', '--data', 'd', '--parts', ''], 'Option --parts: found nothing, expected a value'],
    [['weigh', '--data='], 'Option --data: found nothing, expected a value'],
    [['weigh', '--data', 'd', '--parts', '2.5'], 'found 2.5, expected a whole number'],
    [['weigh', '--parts', '2'], 'error usage/missing: weigh needs --data'],
    [['weigh', '--data', 'd', 'extra'], 'error usage/extra: weigh does not take "extra"'],
  ])('%j is a wrong call: 2, and says what there is', async (argv, expected) => {
    const { code, err, out } = await call(argv, async (_context, args) => {
      args.required('data');
      args.whole('parts', { min: 1, max: 9 });
      args.atMost(0);
    });
    expect(err.join('\n')).toContain(expected);
    expect(err[1]).toMatch(/^what to do: /);
    expect(err).toHaveLength(2);
    expect(out).toEqual([]);
    expect(code).toBe(2);
  });
});

describe('help', () => {
  test.each([[['--help']], [['-h']], [['help']]])('%j lists the commands', async (argv) => {
    const { code, out } = await call(argv);
    expect(out.join('\n')).toContain('  weigh  weigh a part');
    expect(code).toBe(0);
  });

  test('nothing at all is a wrong call with the same list on stderr', async () => {
    const { code, out, err } = await call([]);
    expect(err.join('\n')).toContain('  weigh  weigh a part');
    expect(out).toEqual([]);
    expect(code).toBe(2);
  });

  test.each([[['weigh', '--help']], [['help', 'weigh']], [['weigh', '--fast', '-h']]])(
    '%j explains it',
    async (argv) => {
      const { code, out } = await call(argv, () => Promise.reject(new Error('it was run')));
      expect(out).toContain('usage: twinspect weigh --data DIR [--parts N] [--fast]');
      expect(out).toContain('  -n, --parts N  how many');
      expect(code).toBe(0);
    },
  );

  test('--version is that of package.json', async () => {
    const { code, out } = await call(['--version']);
    expect(out[0]).toMatch(/^\d+\.\d+\.\d+/);
    expect(code).toBe(0);
  });
});

describe('sub-commands', () => {
  const withActions = (run: Run = async () => {}): Command => ({
    ...commandOf(run),
    actions: {
      list: { summary: 'the scales there are', options: ['fast'] },
      part: { summary: 'weigh one', options: ['data', 'parts'] },
    },
    usage: ['weigh list [--fast]', 'weigh part --data DIR', 'weigh part --parts N', 'weigh partition'],
    options: {
      ...commandOf(run).options,
      data: { type: 'string', value: 'DIR', doc: 'part: where it is; list: nothing' },
    },
  });

  async function of(argv: string[], run?: Run) {
    const it = scene();
    const code = await dispatch(argv, it, {
      seats: [{ name: 'weigh', summary: '' }],
      load: async () => withActions(run),
    });
    return { code, out: it.out.join('\n'), err: it.err.join('\n') };
  }

  test.each([
    [['weigh', 'prt'], 'usage/action: weigh has no sub-command prt; did you mean part?'],
    [['weigh', 'zzzzzz', '--help'], 'usage/action: weigh has no sub-command zzzzzz; there are list, part'],
    [['weigh', 'toString'], 'usage/action: weigh has no sub-command toString'],
    [['weigh'], 'usage/missing: weigh needs a sub-command, one of list, part'],
    [['weigh', 'list', '--data', 'x'], 'usage/option: weigh list has no option --data; it knows --fast, --help'],
    [['weigh', '--parts', '1', 'list'], 'usage/option: weigh list has no option --parts'],
    [['weigh', 'part', '--dat', 'x'], 'usage/option: weigh part has no option --dat; did you mean --data?'],
    [['weigh', 'part'], 'usage/missing: weigh part needs --data'],
  ])('%j is a wrong call: 2, and says what there is', async (argv, expected) => {
    const { code, err } = await of(argv, async (_context, args) => void args.required('data'));
    expect(err).toContain(`error ${expected}`);
    expect(code).toBe(2);
  });

  test.each([[['weigh', 'part', '--help']], [['help', 'weigh', 'part']], [['weigh', '-h', 'part']]])(
    '%j explains the one, with what its options mean to it',
    async (argv) => {
      const { code, out } = await of(argv, () => Promise.reject(new Error('it was run')));
      expect(out.split('\n')).toEqual([
        'twinspect weigh part: weigh one',
        '',
        'usage: twinspect weigh part --data DIR',
        '       twinspect weigh part --parts N',
        '',
        '  --data DIR     where it is',
        '  -n, --parts N  how many',
        '  -h, --help     this text',
      ]);
      expect(code).toBe(0);
    },
  );

  test('the help of the command lists them', async () => {
    const { out } = await of(['weigh', '--help']);
    expect(out).toContain('  list  the scales there are\n  part  weigh one\n');
    expect(out).toContain('twinspect weigh SUB-COMMAND --help explains one of them.');
  });
});

describe('errors', () => {
  const cause = new Error('the cause');
  const broken = () => Promise.reject(fail('file/missing', { path: 'p' }, cause));

  test('an operating error is its code, its text, what to do, and nothing else', async () => {
    const { code, err } = await call(['weigh'], broken);
    expect(err).toEqual([
      'error file/missing: No such file: p',
      'what to do: Check the path; it is read as given, relative to the working folder.',
    ]);
    expect(code).toBe(1);
  });

  test('with log level debug it has its stack and its causes', async () => {
    const { err } = await call(['weigh'], broken, { level: 'debug' });
    expect(err.join('\n')).toMatch(/at broken|dispatch\.test/);
    expect(err.join('\n')).toContain('caused by: Error: the cause');
  });

  test('what the system refuses is an operating error', async () => {
    const { code, err } = await call(['weigh'], async ({ files }) => {
      await files.read('/proc/self/mem/x\u0000');
    });
    expect(code).not.toBe(0);
    expect(err.length).toBeGreaterThan(0);
    const refused = Object.assign(new Error("EACCES: permission denied, open 'x'"), {
      syscall: 'open',
      code: 'EACCES',
    });
    const second = await call(['weigh'], () => Promise.reject(refused));
    expect(second.err[0]).toBe("error system/refused: The system refused: EACCES: permission denied, open 'x'");
    expect(second.code).toBe(1);
  });

  test('a fault of our own is 70, with its stack', async () => {
    const { code, err } = await call(['weigh'], () => Promise.reject(new TypeError('x is undefined', { cause })));
    expect(err.join('\n')).toMatch(/^twinspect: a fault of our own: TypeError: x is undefined\n.*at /s);
    expect(err.at(-1)).toContain('caused by: Error: the cause');
    expect(code).toBe(70);
  });

  test('stopped by a signal before it was done is 128 + n; stopped and done is 0', async () => {
    const abort = new AbortController();
    const stop = () => abort.abort(new Interrupted('SIGTERM', 143));
    const given = { signal: abort.signal };
    const unfinished = await call(
      ['weigh'],
      async ({ signal }) => {
        stop();
        signal.throwIfAborted();
      },
      given,
    );
    expect(unfinished).toMatchObject({ code: 143, err: ['twinspect: stopped by SIGTERM'] });
    expect((await call(['weigh'], async () => {}, given)).code).toBe(0);
    // Another error while stopping is that error.
    expect((await call(['weigh'], broken, given)).code).toBe(1);
  });
});

describe('the seats', () => {
  test.each(seats)('$name is there, and says of itself what the list says', async ({ name, summary }) => {
    const command = await loadCommand(name);
    expect(command).toMatchObject({ name, summary });
    expect(command.usage.length).toBeGreaterThan(0);
    for (const line of command.usage) expect(line.split(' ')[0]).toBe(name);
    for (const [option, { type, value, doc }] of Object.entries(command.options)) {
      expect(value === undefined, `--${option} is ${type}`).toBe(type === 'boolean');
      expect(doc.length, `--${option} is explained`).toBeGreaterThan(0);
      expect(option).not.toBe('help');
    }
    expect(readArgs(command, ['--help']).help).toBe(true);
    const actions = Object.entries(command.actions ?? {});
    const used = new Set(actions.flatMap(([, { options }]) => options));
    if (actions.length > 0) expect(Object.keys(command.options).filter((option) => !used.has(option))).toEqual([]);
    for (const [action, { summary: does, options }] of actions) {
      const help = actionHelp(command, action);
      expect(help[0]).toBe(`twinspect ${name} ${action}: ${does}`);
      expect(help[2], action).toMatch(new RegExp(`^usage: twinspect ${name} ${action}`));
      expect(options.filter((option) => !Object.hasOwn(command.options, option))).toEqual([]);
      // Each option its usage names is one it takes.
      const called = command.usage.filter((line) => line.split(' ')[1] === action).join(' ');
      for (const [, option] of called.matchAll(/--([a-z-]+)/g))
        expect(options, `${action} --${option}`).toContain(option);
    }
    for (const line of command.usage) {
      if (actions.length > 0) expect(actions.map(([action]) => action)).toContain(line.split(' ')[1]);
    }
  });
});
