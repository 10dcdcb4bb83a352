/**
 * The tag block of a line as a NodeSet2 document (OPC UA Part 6, annex F), for PLC tools that import one: every tag
 * with its node id, type and access, made by the same code that makes them in the server. No values, no users.
 */
import { AddressSpace, generateAddressSpace, nodesets } from 'node-opcua';
import { TagBlock } from '../tags.ts';

/** Of the tag table: raised with each tag that is added. */
const layoutVersion = '1.1.0';
const layoutDate = '2026-12-01T00:00:00Z';

/** `namespaceUri` is the server's application URI: namespace 1 of its own nodes. */
export async function plcNodeset(lineId: string, namespaceUri: string): Promise<string> {
  const space = AddressSpace.create();
  try {
    space.registerNamespace(namespaceUri);
    await generateAddressSpace(space, [nodesets.standard]);
    const namespace = space.getOwnNamespace();
    const organizedBy = space.rootFolder.objects;
    const folder = namespace.addObject({ browseName: lineId, nodeId: `s=${lineId}`, organizedBy });
    new TagBlock(namespace, folder, lineId);
    // Users and roles are the server's; a tool that imports tags has none. An empty list would forbid everything, and
    // the typings do not know that null takes the list off.
    for (const tag of folder.getComponents()) tag.setRolePermissions(null as unknown as []);
    namespace.version = layoutVersion;
    namespace.publicationDate = new Date(layoutDate);
    return namespace.toNodeset2XML();
  } finally {
    space.dispose();
  }
}
