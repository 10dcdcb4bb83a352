/** `twinspect opcua nodeset`: the tags of the line as a NodeSet2 document, for a PLC's engineering tool. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { applicationUriOf } from '../publish/opcua/security/application-uri.ts';
import type { StateFolder } from '../state/folder.ts';
import { writeNew } from '../write-whole.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';

interface Place {
  readonly config: Config;
  readonly state: StateFolder;
}

export async function exportNodeset(context: Context, args: Args, { config, state }: Place): Promise<void> {
  args.atMost(2);
  // The library takes half a second to load, which only this action pays.
  const { plcNodeset } = await import('../publish/opcua/plc/nodeset.ts');
  // Its namespace is the server's, also where that was not started yet.
  const xml = await plcNodeset(config.line.id, await applicationUriOf(state, config.opcua.applicationUri));
  const path = args.positionals[1];
  if (path === undefined) context.stdout(xml);
  else await writeNew(resolve(context.cwd, path), new TextEncoder().encode(xml));
}
