/**
 * `twinspect opcua`: which clients are trusted, and the server's own certificate. Works on the files of the state
 * folder, so beside a running daemon too, which sees a change within seconds. Each change is in the audit record.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { fail } from '../../errors.ts';
import {
  type CertificateFacts,
  certificateDer,
  certificateFacts,
  certificatePem,
} from '../publish/opcua/security/certificate-facts.ts';
import {
  certificatePath,
  findCertificate,
  type Listed,
  listCertificates,
  moveToRejected,
  removeCopies,
} from '../publish/opcua/security/trust-list.ts';
import type { StateFolder } from '../state/folder.ts';
import { writeNew, writeWhole } from '../write-whole.ts';
import type { Args } from './args.ts';
import { audited } from './audited.ts';
import type { Command, Context } from './command.ts';
import { configFor } from './config.ts';
import { exportNodeset } from './opcua-nodeset.ts';
import { existingState } from './state-folder.ts';
import { stateFolderOf } from './state-of.ts';

/** What each action is given. */
interface Place {
  readonly config: Config;
  readonly state: StateFolder;
  /** Of the certificate store. */
  readonly store: string;
}

type Run = (context: Context, args: Args, place: Place) => Promise<void>;

const runs: Readonly<Record<string, Run>> = {
  list,
  trust,
  reject,
  export: exportOwn,
  renew,
  nodeset: exportNodeset,
};

export const command: Command = {
  name: 'opcua',
  summary: 'which OPC UA clients are trusted; the own certificate; the tags for a PLC tool',
  actions: {
    list: { summary: 'clients that came with a certificate: trusted, rejected', options: ['json', 'config'] },
    trust: { summary: 'let a client in, by its thumbprint or its certificate file', options: ['config'] },
    reject: { summary: 'take the trust in a client back', options: ['config'] },
    export: { summary: 'the own certificate, for the trust list of the clients; never the key', options: ['config'] },
    renew: { summary: 'make a new own certificate', options: ['config'] },
    nodeset: { summary: 'the tags as a NodeSet2 file, for a PLC tool', options: ['config'] },
  },
  usage: [
    'opcua list [--json] [--config FILE]',
    'opcua trust THUMBPRINT|FILE [--config FILE]',
    'opcua reject THUMBPRINT [--config FILE]',
    'opcua export [FILE] [--config FILE]',
    'opcua renew [--config FILE]',
    'opcua nodeset [FILE] [--config FILE]',
  ],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'names the state folder; without it TWINSPECT_CONFIG, else ./state' },
    json: { type: 'boolean', doc: 'list: print JSON' },
  },
  async run(context: Context, args: Args) {
    const run = runs[args.positional(0, 'a sub-command')]!;
    const { config } = await configFor(context, args.text('config'));
    const state = stateFolderOf(context, config);
    await run(context, args, { config, state, store: join(state.path, 'opcua') });
  },
};

async function list(context: Context, args: Args, { store, config }: Place): Promise<void> {
  args.atMost(1);
  await existingState(context, config);
  const listed = await listCertificates(store);
  if (args.flag('json')) {
    context.stdout(JSON.stringify(listed.map(asJson), null, 2));
    return;
  }
  if (listed.length === 0) context.stderr('no client has come with a certificate yet');
  for (const { state, thumbprint, name, validFromMs, validToMs, applicationUri } of listed) {
    const nowMs = context.clock.wallMs();
    const remark = nowMs > validToMs ? '  EXPIRED' : nowMs < validFromMs ? '  NOT YET VALID' : '';
    const validity = `${day(validFromMs)} to ${day(validToMs)}${remark}`;
    context.stdout(`${state.padEnd(8)}  ${thumbprint}  ${validity}  ${name}  ${applicationUri ?? 'no URI'}`);
  }
}

function asJson({ state, thumbprint, name, applicationUri, validFromMs, validToMs, sinceMs }: Listed) {
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    state,
    thumbprint,
    name,
    applicationUri,
    validFrom: at(validFromMs),
    validTo: at(validToMs),
    since: at(sinceMs),
  };
}

async function trust(context: Context, args: Args, { store, state }: Place): Promise<void> {
  const wanted = args.positional(1, 'a thumbprint, or a certificate file');
  args.atMost(2);
  const listed = await listCertificates(store);
  const path = await certificateNamed(context, listed, wanted);
  const bytes = await context.files.read(path);
  const [facts, pem] = [certificateFacts(bytes), certificatePem(bytes)];
  if (facts === null || pem === null) throw fail('opcua/certificate', { path, problem: 'is not a certificate' });
  const known = listed.find(({ thumbprint }) => thumbprint === facts.thumbprint);
  if (known?.state === 'trusted') {
    context.stdout(`${facts.thumbprint} is trusted already: ${facts.name}`);
    return;
  }
  const entry = { action: 'trust', target: facts.thumbprint, from: known?.state ?? null, to: 'trusted' };
  await audited(context, state, entry, () => placeTrusted(store, listed, facts, pem));
  sayTrusted(context, store, facts);
}

/** A file as given, or the one in the store whose thumbprint begins so. */
async function certificateNamed(context: Context, listed: readonly Listed[], wanted: string): Promise<string> {
  const path = resolve(context.cwd, wanted);
  const given = await stat(path).catch(() => null);
  if (given?.isFile()) return path;
  if (/[/\\]|\.(pem|der|crt|cer)$/i.test(wanted)) throw fail('file/missing', { path: wanted });
  return findCertificate(listed, wanted).path;
}

/** A whole file appears in the watched folder, and last the one that says "rejected" goes. */
async function placeTrusted(store: string, listed: readonly Listed[], facts: CertificateFacts, pem: string) {
  const path = certificatePath(store, facts, 'trusted');
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, new TextEncoder().encode(pem), { beside: store });
  await removeCopies(listed, facts.thumbprint, 'rejected');
}

function sayTrusted(context: Context, store: string, facts: CertificateFacts): void {
  const { thumbprint, name, validFromMs, validToMs, authority } = facts;
  const nowMs = context.clock.wallMs();
  context.stdout(`trusted: ${thumbprint}  ${name}`);
  if (nowMs > validToMs) context.stderr(`it ended on ${day(validToMs)}: the client is refused until it has a new one`);
  if (nowMs < validFromMs) context.stderr(`it begins on ${day(validFromMs)}: the client is refused until then`);
  if (authority) {
    const folder = join(store, 'trusted', 'crl');
    context.stderr(`it signs others: they are refused until its revocation list (CRL) lies in ${folder}`);
  }
}

async function reject(context: Context, args: Args, { store, state }: Place): Promise<void> {
  const wanted = args.positional(1, 'a thumbprint');
  args.atMost(2);
  const listed = await listCertificates(store);
  const one = findCertificate(listed, wanted);
  if (one.state === 'rejected') {
    context.stdout(`${one.thumbprint} is rejected already: ${one.name}`);
    return;
  }
  const entry = { action: 'reject', target: one.thumbprint, from: one.state, to: 'rejected' };
  await audited(context, state, entry, () => moveToRejected(store, listed, one));
  context.stdout(`rejected: ${one.thumbprint}  ${one.name}; who came with it is cut off within seconds`);
}

/** The own certificate, for the clients' trust lists. Never the key. */
async function exportOwn(context: Context, args: Args, { store }: Place): Promise<void> {
  const file = args.positionals[1];
  args.atMost(2);
  const own = join(store, 'own', 'certs', 'server.pem');
  const bytes = await context.files.read(own);
  const [pem, der] = [certificatePem(bytes), certificateDer(bytes)];
  if (pem === null || der === null) throw fail('opcua/certificate', { path: own, problem: 'is not a certificate' });
  if (file === undefined) {
    context.stdout(pem.trimEnd());
    return;
  }
  const asDer = /\.(der|cer|crt)$/i.test(file);
  await writeNew(resolve(context.cwd, file), asDer ? der : new TextEncoder().encode(pem));
  context.stdout(`${file}: ${certificateFacts(bytes)!.thumbprint} (${asDer ? 'DER' : 'PEM'})`);
}

async function renew(context: Context, args: Args, { config, state }: Place): Promise<void> {
  args.atMost(1);
  const { routeLibraryLog } = await import('../publish/opcua/library-log.ts');
  const { renewOwnCertificate } = await import('../publish/opcua/security/renew.ts');
  routeLibraryLog(context.log);
  let to = '';
  await audited(context, state, { action: 'renewCertificate', target: 'OPC UA', from: null, to: null }, async () => {
    const facts = await renewOwnCertificate({ ...config.opcua, state }, context.clock);
    to = `${facts.thumbprint}, until ${day(facts.validToMs)}, for ${[...facts.dns, ...facts.ip].join(', ')}`;
  });
  context.stdout(`new certificate: ${to}`);
  context.stderr('each client must trust it now: "twinspect opcua export FILE" writes it');
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
