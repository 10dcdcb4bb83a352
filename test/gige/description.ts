/**
 * The description (GenICam XML) that the simulated camera hands out: the features our driver meets on real cameras,
 * each upon a register of `layout.ts`. Written with Aravis' own fake description as an example of the element names.
 */
import { bootstrap, components, distanceUnits, formats, registers as r, triggerSources } from './layout.ts';

type Access = 'RW' | 'RO' | 'WO';

const standard = 'NameSpace="Standard"';
const hex = (address: number): string => `0x${address.toString(16)}`;

function register(name: string, address: number, access: Access, length = 4, port = 'Device'): string {
  return (
    `<IntReg Name="${name}"><Address>${hex(address)}</Address><Length>${length}</Length>` +
    `<AccessMode>${access}</AccessMode><pPort>${port}</pPort><Cachable>NoCache</Cachable>` +
    '<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>'
  );
}

/** A feature upon a register of its own, called like it. */
function upon(kind: string, name: string, address: number, access: Access, inner: string, length = 4): string {
  const node = `<${kind} Name="${name}" ${standard}><pValue>${name}Reg</pValue>${inner}</${kind}>`;
  return node + register(`${name}Reg`, address, access, length);
}

const integer = (name: string, address: number, access: Access = 'RW', inner = ''): string =>
  upon('Integer', name, address, access, inner);
const boolean = (name: string, address: number): string =>
  upon('Boolean', name, address, 'RW', '<OnValue>1</OnValue><OffValue>0</OffValue>');
const command = (name: string, address: number): string =>
  upon('Command', name, address, 'WO', '<CommandValue>1</CommandValue>');

const entry = (name: string, value: number): string =>
  `<EnumEntry Name="${name}" ${standard}><Value>${value}</Value></EnumEntry>`;

function enumeration(name: string, address: number, entries: Record<string, number>, selects: string[] = []): string {
  const selected = selects.map((feature) => `<pSelected>${feature}</pSelected>`);
  const inner = Object.entries(entries).map(([each, value]) => entry(each, value));
  return upon('Enumeration', name, address, 'RW', [...inner, ...selected].join(''));
}

/** An enumeration of one entry that is always chosen. */
function constant(name: string, value: string): string {
  return `<Enumeration Name="${name}" ${standard}>${entry(value, 1)}<Value>1</Value></Enumeration>`;
}

function typed(kind: string, name: string, address: number, length: number): string {
  return (
    `<${kind} Name="${name}" ${standard}><Address>${hex(address)}</Address><Length>${length}</Length>` +
    '<AccessMode>RO</AccessMode><pPort>Device</pPort><Cachable>NoCache</Cachable>' +
    `<Endianess>BigEndian</Endianess></${kind}>`
  );
}

const device = [
  typed('StringReg', 'DeviceVendorName', bootstrap.vendor, 32),
  typed('StringReg', 'DeviceModelName', bootstrap.model, 32),
  typed('StringReg', 'DeviceSerialNumber', bootstrap.serial, 16),
  command('TimestampLatch', r.timestampLatch),
  upon('Integer', 'TimestampLatchValue', r.timestampHigh, 'RO', '', 8),
];
const image = [
  integer('Width', r.width, 'RW', '<Min>16</Min><Max>4096</Max>'),
  integer('Height', r.height, 'RW', '<Min>16</Min><Max>4096</Max>'),
  enumeration('PixelFormat', r.pixelFormat, formats),
];
const acquisition = [
  constant('AcquisitionMode', 'Continuous'),
  command('AcquisitionStart', r.acquisition),
  `<Command Name="AcquisitionStop" ${standard}><pValue>AcquisitionStartReg</pValue>`,
  '<CommandValue>0</CommandValue></Command>',
  `<Float Name="AcquisitionFrameRate" ${standard}><pValue>RateConverter</pValue></Float>`,
  '<Converter Name="RateConverter"><FormulaTo>FROM*1000</FormulaTo><FormulaFrom>TO/1000</FormulaFrom>',
  `<pValue>RateReg</pValue></Converter>${register('RateReg', r.rateMilli, 'RW')}`,
  upon('Float', 'ExposureTime', r.exposureUs, 'RW', '<Min>1</Min><Max>100000</Max><Unit>us</Unit>'),
  constant('TriggerSelector', 'FrameStart'),
  enumeration('TriggerMode', r.triggerMode, { Off: 0, On: 1 }),
  enumeration('TriggerSource', r.triggerSource, triggerSources),
  command('TriggerSoftware', r.triggerSoftware),
  integer('CounterValue', r.counter, 'RO'),
];
const chunks = [
  boolean('ChunkModeActive', r.chunkMode),
  enumeration('ChunkSelector', r.chunkSelector, { CounterValue: 1 }, ['ChunkEnable']),
  boolean('ChunkEnable', r.chunkEnable),
  `<Integer Name="ChunkCounterValue" ${standard}><pValue>ChunkCounterReg</pValue></Integer>`,
  register('ChunkCounterReg', 0, 'RO', 8, 'ChunkPort'),
  `<Port Name="ChunkPort" ${standard}><ChunkID>1001</ChunkID></Port>`,
];
const scan3d = [
  typed('FloatReg', 'Scan3dCoordinateScale', r.coordinateScale, 4),
  typed('FloatReg', 'Scan3dCoordinateOffset', r.coordinateOffset, 4),
  boolean('Scan3dInvalidDataFlag', r.invalidFlag),
  typed('FloatReg', 'Scan3dInvalidDataValue', r.invalidValue, 4),
  enumeration('Scan3dDistanceUnit', r.distanceUnit, distanceUnits),
];
const actions = [
  integer('ActionDeviceKey', r.actionDeviceKey),
  integer('ActionGroupKey', r.actionGroupKey),
  integer('ActionGroupMask', r.actionGroupMask),
];
const transport = [integer('PayloadSize', r.payloadSize, 'RO'), boolean('GevSCCFGMultiPart', r.multipart)];
const parts = [
  enumeration(
    'ComponentSelector',
    r.componentSelector,
    Object.fromEntries(Object.entries(components).map(([name, { id }]) => [name, id])),
    ['ComponentEnable', 'ComponentIDValue', 'PixelFormat'],
  ),
  boolean('ComponentEnable', r.componentEnable),
  integer('ComponentIDValue', r.componentId, 'RO'),
];

/** Standard features of these nodes, in their order: what a category lists. */
function namesIn(nodes: readonly string[]): string[] {
  return [...nodes.join('').matchAll(/<(?!Port|EnumEntry)\w+ Name="(\w+)" NameSpace="Standard">/g)].map(
    ([, name]) => name!,
  );
}

const listed = (names: readonly string[]): string => names.map((name) => `<pFeature>${name}</pFeature>`).join('');

export function describe(model: string, multipart: boolean): string {
  const categories: Record<string, readonly string[]> = {
    DeviceControl: device,
    ImageFormatControl: multipart ? [...image, ...parts] : image,
    AcquisitionControl: acquisition,
    ChunkDataControl: chunks,
    Scan3dControl: scan3d,
    ActionControl: actions,
    TransportLayerControl: transport,
  };
  const category = (name: string, features: readonly string[]): string =>
    `<Category Name="${name}" ${standard}>${listed(features)}</Category>`;
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<RegisterDescription ModelName="${model}" VendorName="Twinspect" StandardNameSpace="GEV" SchemaMajorVersion="1"`,
    ' SchemaMinorVersion="1" SchemaSubMinorVersion="0" MajorVersion="1" MinorVersion="0" SubMinorVersion="0"',
    ' ToolTip="simulated" ProductGuid="0" VersionGuid="0" xmlns="http://www.genicam.org/GenApi/Version_1_1">',
    category('Root', Object.keys(categories)),
    ...Object.entries(categories).map(([name, nodes]) => category(name, namesIn(nodes))),
    ...Object.values(categories).flat(),
    `<Port Name="Device" ${standard}/></RegisterDescription>`,
  ].join('\n');
}
