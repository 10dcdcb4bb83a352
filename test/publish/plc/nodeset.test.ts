/** The exported tags: the file in docs is what the server serves, a real importer takes it, and the page names each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AddressSpace, DataType, generateAddressSpace, nodesets, type UAVariable } from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { reasons } from '../../../daemon/line/verdict.ts';
import { plcNodeset } from '../../../daemon/publish/opcua/plc/nodeset.ts';
import { ringFields } from '../../../daemon/publish/opcua/plc/ring-tags.ts';
import { inputTags, resultTags, stateTags, type Tag, tags } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import { reasonCodes } from '../../../daemon/publish/payload.ts';
import { causeCodes } from '../../../daemon/publish/status.ts';

const docs = join(import.meta.dirname, '../../../docs/plc');
const file = join(docs, 'twinspect-plc.NodeSet2.xml');
const page = readFileSync(join(docs, 'README.md'), 'utf8');

test('the committed file is what is generated: a change of the tags shows in review', async () => {
  const xml = await plcNodeset('line1', 'urn:twinspect:server');
  expect(readFileSync(file, 'utf8').trimEnd(), 'write it anew: twinspect opcua nodeset').toBe(xml.trimEnd());
});

test('any importer reads its dates and has its base model: no fraction, none newer than the tags need', async () => {
  const xml = await plcNodeset('line1', 'urn:plant:press-7');
  const dates = [...xml.matchAll(/(?:Date|Modified)="([^"]*)"/g)].map((found) => found[1]);
  expect(dates).toHaveLength(2);
  for (const date of dates) expect(date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(xml.match(/<RequiredModel [^>]*>/g)).toEqual([
    '<RequiredModel ModelUri="http://opcfoundation.org/UA/" Version="1.03" PublicationDate="2013-12-02T00:00:00Z"/>',
  ]);
  expect(xml).toContain('<Uri>urn:plant:press-7</Uri>');
});

test('an importer takes the file: every tag with its id, type and access', async () => {
  const space = AddressSpace.create();
  onTestFinished(() => space.dispose());
  await generateAddressSpace(space, [nodesets.standard, file]);
  const index = space.getNamespaceIndex('urn:twinspect:server');
  const found = Object.keys(tags).map((name) => {
    const node = space.findNode(`ns=${index};s=line1.${name}`) as UAVariable | null;
    return [name, node && DataType[node.dataTypeObj.basicDataType], node && (node.accessLevel & 2) > 0];
  });
  const expected = Object.entries(tags).map(([name, tag]: [string, Tag]) => [
    ...[name, DataType[tag.type], Object.hasOwn(inputTags, name)],
  ]);
  expect(found).toEqual(expected);
});

test('the page has every tag, reason and cause with its type, number and meaning', () => {
  const rows = Object.entries({ ...inputTags, ...resultTags, ...stateTags }).map(
    ([name, tag]: [string, Tag]) => `| \`${name}\` | ${DataType[tag.type]} | ${tag.text} |`,
  );
  const slots = ringFields.map((name) => `| \`RingNN${name}\` | ${DataType[resultTags[name].type]} | as ${name} |`);
  const numbers = [
    ...reasons.map((reason) => `| ${reasonCodes[reason]} | \`${reason}\` |`),
    ...Object.entries(causeCodes).map(([cause, code]) => `| ${code} | \`${cause}\` |`),
  ];
  const squeezed = page.replace(/ +/g, ' ');
  expect([...rows, ...slots, ...numbers].filter((row) => !squeezed.includes(row))).toEqual([]);
});
