/**
 * `twinspect user`: who may log in, and with which role. Writes the users file of the state folder, which a running
 * daemon reads again within seconds. A password comes from a file or standard input, never from the command line, which
 * every process of the machine can read. Each change is in the audit record.
 */
import { readSecret, secretFile, secretOf } from '../../config/secret.ts';
import { fail } from '../../errors.ts';
import { type Role, roles } from '../command/port.ts';
import { type HashedPassword, hashPassword, saltBytes } from '../users/password.ts';
import { checkUserName, isRole, type Users, withChange, withUser } from '../users/users.ts';
import { loadUsers, usersFile } from '../users/users-file.ts';
import type { Args } from './args.ts';
import { audited } from './audited.ts';
import type { Command, Context } from './command.ts';
import { configFor, textReader } from './config.ts';
import { existingState } from './state-folder.ts';
import { stateFolderOf } from './state-of.ts';

/** What one call changes. */
interface Change {
  readonly users: Users;
  readonly action: string;
  readonly from: Role | null;
  readonly to: Role | null;
  readonly said: string;
}

type Make = (context: Context, args: Args, users: Users, name: string) => Promise<Change>;

const changes: Readonly<Record<string, Make>> = {
  async add(context, args, users, name) {
    args.atMost(2);
    checkUserName(name);
    const role = roleOf(args.required('role'));
    const add = (password: HashedPassword): Users => withUser(users, { name, role, password });
    return {
      ...{ action: 'addUser', from: null, to: role, said: `user ${name} may log in with role ${role}` },
      users: add(await passwordFrom(context, args)),
    };
  },
  async role(_context, args, users, name) {
    const role = roleOf(args.positional(2, `the role, one of ${roles.join(', ')}`));
    args.atMost(3);
    const from = roleNow(users, name);
    const said = `user ${name} has role ${role}; it was ${from}`;
    return { action: 'changeRole', from, to: role, said, users: withChange(users, name, { role }) };
  },
  async password(context, args, users, name) {
    args.atMost(2);
    const role = roleNow(users, name);
    const password = await passwordFrom(context, args);
    const said = `user ${name} has a new password; sessions with the old one end within seconds`;
    return { action: 'changePassword', from: role, to: role, said, users: withChange(users, name, { password }) };
  },
  async remove(_context, args, users, name) {
    args.atMost(2);
    const from = roleNow(users, name);
    const said = `user ${name} is gone; sessions end within seconds`;
    return { action: 'removeUser', from, to: null, said, users: withChange(users, name, null) };
  },
};

export const command: Command = {
  name: 'user',
  summary: 'who may log in, and with which role',
  actions: {
    add: { summary: 'let somebody in', options: ['role', 'password-file', 'config'] },
    list: { summary: 'who may log in, and with which role', options: ['json', 'config'] },
    role: { summary: 'give a user another role', options: ['config'] },
    password: { summary: 'give a user a new password', options: ['password-file', 'config'] },
    remove: { summary: 'take a user away', options: ['config'] },
  },
  usage: [
    'user add NAME --role ROLE --password-file FILE [--config FILE]',
    'user list [--json] [--config FILE]',
    'user role NAME ROLE [--config FILE]',
    'user password NAME --password-file FILE [--config FILE]',
    'user remove NAME [--config FILE]',
  ],
  options: {
    role: { type: 'string', value: 'ROLE', doc: `${roles.join(', ')}: each may what those before it may` },
    'password-file': {
      type: 'string',
      value: 'FILE',
      doc: 'its one line is the password; /dev/stdin reads it piped in',
    },
    config: { type: 'string', value: 'FILE', doc: 'names the state folder; without it TWINSPECT_CONFIG, else ./state' },
    json: { type: 'boolean', doc: 'list: print JSON' },
  },
  async run(context: Context, args: Args) {
    const action = args.positional(0, 'a sub-command');
    const { config } = await configFor(context, args.text('config'));
    const state = stateFolderOf(context, config);
    if (action === 'list') {
      await existingState(context, config);
      return list(context, args, (await loadUsers(state)).users);
    }
    const make = changes[action]!;
    const name = args.positional(1, 'the name of the user');
    const { users, said, ...what } = await make(context, args, (await loadUsers(state)).users, name);
    await audited(context, state, { ...what, target: name }, () => usersFile(state).save({ users, lost: false }));
    context.stdout(said);
  },
};

function list(context: Context, args: Args, users: Users): void {
  args.atMost(1);
  if (args.flag('json')) {
    const shown = users.map(({ name, role }) => ({ name, role }));
    context.stdout(JSON.stringify(shown, null, 2));
    return;
  }
  if (users.length === 0) context.stderr('there are no users: "twinspect user add" makes one');
  const width = Math.max(0, ...users.map(({ name }) => name.length));
  for (const { name, role } of users) context.stdout(`${name.padEnd(width)}  ${role}`);
}

function roleOf(found: string): Role {
  if (isRole(found)) return found;
  throw fail('usage/value', { option: 'role', found, expected: `one of ${roles.join(', ')}` });
}

/** Throws `user/unknown`. */
function roleNow(users: Users, name: string): Role {
  withChange(users, name, {});
  return users.find((user) => user.name === name)!.role;
}

async function passwordFrom(context: Context, args: Args): Promise<HashedPassword> {
  const given = args.required('password-file');
  const secret =
    given === '/dev/stdin'
      ? secretOf(await context.stdin(), given)
      : await readSecret(secretFile(given, { cwd: context.cwd }), textReader(context));
  return hashPassword(secret.reveal(), context.unguessable(saltBytes));
}
