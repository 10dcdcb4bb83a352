/**
 * The tag block of a line as a NodeSet2 document (OPC UA Part 6, annex F), for PLC tools that import one: every tag
 * with its node id, type and access, made by the same code that makes them in the server. No values, no users.
 */
// First: the library must find it while it loads.
import '../own-name.ts';
import { AddressSpace, generateAddressSpace, nodesets } from 'node-opcua';
import { invariant } from '../../../../errors.ts';
import { TagBlock } from '../tags.ts';

/** Of the tag table: raised with each tag that is added. */
const layoutVersion = '1.0.0';
const layoutDate = '2026-11-24T00:00:00Z';

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
    return forOldImporters(namespace.toNodeset2XML());
  } finally {
    space.dispose();
  }
}

/**
 * The oldest base model that has what the tags use: objects, variables, the built-in types and ImagePNG, all there from
 * the first. 1.03 is the first whose importers know what a model requires. The library would ask for its own, the
 * newest, which no importer of a PLC's tool has.
 */
const baseModel = { uri: 'http://opcfoundation.org/UA/', version: '1.03', date: '2013-12-02T00:00:00Z' };

function forOldImporters(xml: string): string {
  const { uri, version, date } = baseModel;
  const required = /<RequiredModel [^>]*\/>/g;
  const models = xml.match(required) ?? [];
  const [base, ...others] = models;
  invariant(base?.includes(`ModelUri="${uri}"`) && others.length === 0, `the tags need more than ${uri}`);
  return (
    xml
      .replace(required, `<RequiredModel ModelUri="${uri}" Version="${version}" PublicationDate="${date}"/>`)
      // xs:dateTime allows a fraction of a second; asyncua and others read none.
      .replace(/(\d\d:\d\d:\d\d)\.\d+Z/g, '$1Z')
  );
}
