/** `twinspect opcua nodeset`: the tags of the line as a NodeSet2 document, for a PLC's engineering tool. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { writeNew } from '../write-whole.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';

export async function exportNodeset(context: Context, args: Args, { config }: { config: Config }): Promise<void> {
  args.atMost(2);
  // The library takes half a second to load, which only this action pays.
  const { plcNodeset } = await import('../publish/opcua/plc/nodeset.ts');
  const xml = await plcNodeset(config.line.id, config.opcua.applicationUri);
  const path = args.positionals[1];
  if (path === undefined) context.stdout(xml);
  else await writeNew(resolve(context.cwd, path), new TextEncoder().encode(xml));
}
