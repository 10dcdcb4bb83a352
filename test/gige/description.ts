/**
 * The description (GenICam XML) that the simulated camera hands out: the features our driver meets on real cameras, each
 * upon a register of `layout.ts`. Written from Aravis' own fake description as an example of the element names.
 */
import { bootstrap, components, distanceUnits, formats, registers, triggerSources } from './layout.ts';

type Access = 'RW' | 'RO' | 'WO';

const hex = (address: number): string => `0x${address.toString(16)}`;

function register(name: string, address: number, access: Access, length = 4, port = 'Device'): string {
  return (
    `<IntReg Name="${name}"><Address>${hex(address)}</Address><Length>${length}</Length>` +
    `<AccessMode>${access}</AccessMode><pPort>${port}</pPort><Cachable>NoCache</Cachable>` +
    '<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>'
  );
}

function integer(name: string, address: number, access: Access = 'RW', bounds?: { min: number; max: number }): string {
  const limits = bounds ? `<Min>${bounds.min}</Min><Max>${bounds.max}</Max>` : '';
  return `<Integer Name="${name}" NameSpace="Standard"><pValue>${name}Reg</pValue>${limits}</Integer>${register(`${name}Reg`, address, access)}`;
}

function enumeration(name: string, address: number, entries: Record<string, number>, selects: string[] = []): string {
  const list = Object.entries(entries).map(
    ([entry, value]) => `<EnumEntry Name="${entry}" NameSpace="Standard"><Value>${value}</Value></EnumEntry>`,
  );
  const selected = selects.map((feature) => `<pSelected>${feature}</pSelected>`).join('');
  return (
    `<Enumeration Name="${name}" NameSpace="Standard">${list.join('')}<pValue>${name}Reg</pValue>${selected}` +
    `</Enumeration>${register(`${name}Reg`, address, 'RW')}`
  );
}

function boolean(name: string, address: number): string {
  return (
    `<Boolean Name="${name}" NameSpace="Standard"><pValue>${name}Reg</pValue><OnValue>1</OnValue>` +
    `<OffValue>0</OffValue></Boolean>${register(`${name}Reg`, address, 'RW')}`
  );
}

function command(name: string, address: number, value = 1): string {
  return (
    `<Command Name="${name}" NameSpace="Standard"><pValue>${name}Reg</pValue><CommandValue>${value}</CommandValue>` +
    `</Command>${register(`${name}Reg`, address, 'WO')}`
  );
}

function text(name: string, address: number, length: number): string {
  return (
    `<StringReg Name="${name}" NameSpace="Standard"><Address>${hex(address)}</Address><Length>${length}</Length>` +
    '<AccessMode>RO</AccessMode><pPort>Device</pPort></StringReg>'
  );
}

function floatRegister(name: string, address: number): string {
  return (
    `<FloatReg Name="${name}" NameSpace="Standard"><Address>${hex(address)}</Address><Length>4</Length>` +
    '<AccessMode>RO</AccessMode><pPort>Device</pPort><Cachable>NoCache</Cachable><Endianess>BigEndian</Endianess></FloatReg>'
  );
}

/** A float in whole units of a register, with bounds: out of range is refused by our driver and not by the device. */
function float(name: string, address: number, unit: string, max: number): string {
  return (
    `<Float Name="${name}" NameSpace="Standard"><pValue>${name}Reg</pValue><Min>1</Min><Max>${max}</Max>` +
    `<Unit>${unit}</Unit></Float>${register(`${name}Reg`, address, 'RW')}`
  );
}

const idOf = (name: keyof typeof components): number => components[name].id;

export function describe(model: string, multipart: boolean): string {
  const r = registers;
  const categories: Record<string, string[]> = {
    DeviceControl: [
      'DeviceVendorName',
      'DeviceModelName',
      'DeviceSerialNumber',
      'TimestampLatch',
      'TimestampLatchValue',
    ],
    ImageFormatControl: [
      'Width',
      'Height',
      'PixelFormat',
      ...(multipart ? ['ComponentSelector', 'ComponentEnable', 'ComponentIDValue'] : []),
    ],
    AcquisitionControl: [
      ...['AcquisitionMode', 'AcquisitionStart', 'AcquisitionStop', 'AcquisitionFrameRate', 'ExposureTime'],
      ...['TriggerSelector', 'TriggerMode', 'TriggerSource', 'TriggerSoftware', 'CounterValue'],
    ],
    ChunkDataControl: ['ChunkModeActive', 'ChunkSelector', 'ChunkEnable', 'ChunkCounterValue'],
    Scan3dControl: [
      ...['Scan3dCoordinateScale', 'Scan3dCoordinateOffset', 'Scan3dInvalidDataFlag', 'Scan3dInvalidDataValue'],
      'Scan3dDistanceUnit',
    ],
    ActionControl: ['ActionDeviceKey', 'ActionGroupKey', 'ActionGroupMask'],
    TransportLayerControl: ['PayloadSize', 'GevSCCFGMultiPart'],
  };
  const tree = Object.entries(categories).map(
    ([name, features]) =>
      `<Category Name="${name}" NameSpace="Standard">${features.map((each) => `<pFeature>${each}</pFeature>`).join('')}</Category>`,
  );
  const root = Object.keys(categories).map((name) => `<pFeature>${name}</pFeature>`);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<RegisterDescription ModelName="${model}" VendorName="Twinspect" StandardNameSpace="GEV" SchemaMajorVersion="1"`,
    ' SchemaMinorVersion="1" SchemaSubMinorVersion="0" MajorVersion="1" MinorVersion="0" SubMinorVersion="0"',
    ' ToolTip="simulated" ProductGuid="0" VersionGuid="0" xmlns="http://www.genicam.org/GenApi/Version_1_1">',
    `<Category Name="Root" NameSpace="Standard">${root.join('')}</Category>`,
    ...tree,
    text('DeviceVendorName', bootstrap.vendor, 32),
    text('DeviceModelName', bootstrap.model, 32),
    text('DeviceSerialNumber', bootstrap.serial, 16),
    integer('Width', r.width, 'RW', { min: 16, max: 4096 }),
    integer('Height', r.height, 'RW', { min: 16, max: 4096 }),
    enumeration('PixelFormat', r.pixelFormat, formats),
    integer('PayloadSize', r.payloadSize, 'RO'),
    '<Enumeration Name="AcquisitionMode" NameSpace="Standard"><EnumEntry Name="Continuous" NameSpace="Standard">',
    '<Value>1</Value></EnumEntry><Value>1</Value></Enumeration>',
    command('AcquisitionStart', r.acquisition),
    '<Command Name="AcquisitionStop" NameSpace="Standard"><pValue>AcquisitionStartReg</pValue><CommandValue>0</CommandValue></Command>',
    '<Float Name="AcquisitionFrameRate" NameSpace="Standard"><pValue>RateConverter</pValue></Float>',
    '<Converter Name="RateConverter"><FormulaTo>FROM*1000</FormulaTo><FormulaFrom>TO/1000</FormulaFrom><pValue>RateReg</pValue></Converter>',
    register('RateReg', r.rateMilli, 'RW'),
    float('ExposureTime', r.exposureUs, 'us', 100_000),
    '<Enumeration Name="TriggerSelector" NameSpace="Standard"><EnumEntry Name="FrameStart" NameSpace="Standard"><Value>1</Value></EnumEntry><Value>1</Value></Enumeration>',
    enumeration('TriggerMode', r.triggerMode, { Off: 0, On: 1 }),
    enumeration('TriggerSource', r.triggerSource, triggerSources),
    command('TriggerSoftware', r.triggerSoftware),
    integer('CounterValue', r.counter, 'RO'),
    boolean('ChunkModeActive', r.chunkMode),
    enumeration('ChunkSelector', r.chunkSelector, { CounterValue: 1 }, ['ChunkEnable']),
    boolean('ChunkEnable', r.chunkEnable),
    '<Integer Name="ChunkCounterValue" NameSpace="Standard"><pValue>ChunkCounterReg</pValue></Integer>',
    register('ChunkCounterReg', 0, 'RO', 8, 'ChunkPort'),
    '<Port Name="ChunkPort" NameSpace="Standard"><ChunkID>1001</ChunkID></Port>',
    floatRegister('Scan3dCoordinateScale', r.coordinateScale),
    floatRegister('Scan3dCoordinateOffset', r.coordinateOffset),
    boolean('Scan3dInvalidDataFlag', r.invalidFlag),
    floatRegister('Scan3dInvalidDataValue', r.invalidValue),
    enumeration('Scan3dDistanceUnit', r.distanceUnit, distanceUnits),
    integer('ActionDeviceKey', r.actionDeviceKey, 'RW'),
    integer('ActionGroupKey', r.actionGroupKey, 'RW'),
    integer('ActionGroupMask', r.actionGroupMask, 'RW'),
    boolean('GevSCCFGMultiPart', r.multipart),
    command('TimestampLatch', r.timestampLatch),
    '<Integer Name="TimestampLatchValue" NameSpace="Standard"><pValue>TimestampLatchValueReg</pValue></Integer>',
    register('TimestampLatchValueReg', r.timestampHigh, 'RO', 8),
    multipart
      ? enumeration(
          'ComponentSelector',
          r.componentSelector,
          { Intensity: idOf('Intensity'), Range: idOf('Range'), Confidence: idOf('Confidence') },
          ['ComponentEnable', 'ComponentIDValue', 'PixelFormat'],
        ) +
        boolean('ComponentEnable', r.componentEnable) +
        integer('ComponentIDValue', r.componentId, 'RO')
      : '',
    '<Port Name="Device" NameSpace="Standard"/></RegisterDescription>',
  ].join('\n');
}
