/**
 * Numbers of the protocol that the simulated camera speaks: command and register numbers of GVCP, and pixel formats.
 *
 * Written from what the public Wireshark dissectors of GVCP and GVSP show, from Aravis' public headers, and from what
 * Aravis was seen to send. No standard document was used, and none is complied with: this is a test device for our own
 * driver, not a GigE Vision product, and claims to be none.
 */
export const gvcpPort = 3956;
export const gvcpMagic = 0x42;

export const commands = {
  discovery: 0x0002,
  discoveryAnswer: 0x0003,
  resend: 0x0040,
  readRegister: 0x0080,
  readRegisterAnswer: 0x0081,
  writeRegister: 0x0082,
  writeRegisterAnswer: 0x0083,
  readMemory: 0x0084,
  readMemoryAnswer: 0x0085,
  writeMemory: 0x0086,
  writeMemoryAnswer: 0x0087,
  action: 0x0100,
  actionAnswer: 0x0101,
} as const;

export const flags = { answer: 0x01, extendedIds: 0x10, scheduled: 0x80 } as const;

export const status = { success: 0, invalidAddress: 0x8003, accessDenied: 0x8006, unavailable: 0x800c } as const;

/** Bootstrap registers. */
export const bootstrap = {
  version: 0x0000,
  deviceMode: 0x0004,
  macHigh: 0x0008,
  macLow: 0x000c,
  ip: 0x0024,
  mask: 0x0034,
  vendor: 0x0048,
  model: 0x0068,
  deviceVersion: 0x0088,
  serial: 0x00d8,
  userName: 0x00e8,
  end: 0x00f8,
  xmlUrl: 0x0200,
  interfaceCount: 0x0600,
  streamCount: 0x0904,
  capability: 0x0934,
  heartbeatTimeoutMs: 0x0938,
  tickFrequencyHigh: 0x093c,
  tickFrequencyLow: 0x0940,
  timestampControl: 0x0944,
  timestampHigh: 0x0948,
  timestampLow: 0x094c,
  control: 0x0a00,
  streamPort: 0x0d00,
  packetSize: 0x0d04,
  streamAddress: 0x0d18,
} as const;

/** What the device says it can: WRITEMEM, packet resend, action commands, scheduled ones. */
export const capabilities = (1 << 1) | (1 << 2) | (1 << 6) | (1 << 30);

/** Registers of our own, behind the features of the description. */
export const registers = {
  acquisition: 0x20000,
  triggerMode: 0x20004,
  triggerSource: 0x20008,
  triggerSoftware: 0x2000c,
  width: 0x20010,
  height: 0x20014,
  pixelFormat: 0x20018,
  payloadSize: 0x2001c,
  rateMilli: 0x20020,
  coordinateScale: 0x20024,
  coordinateOffset: 0x20028,
  invalidFlag: 0x2002c,
  invalidValue: 0x20030,
  actionDeviceKey: 0x20034,
  actionGroupKey: 0x20038,
  actionGroupMask: 0x2003c,
  multipart: 0x20040,
  componentSelector: 0x20044,
  componentEnable: 0x20048,
  componentId: 0x2004c,
  counter: 0x20050,
  chunkMode: 0x20054,
  chunkSelector: 0x20058,
  chunkEnable: 0x2005c,
  exposureUs: 0x20060,
  timestampLatch: 0x20064,
  timestampHigh: 0x20068,
  timestampLow: 0x2006c,
  distanceUnit: 0x20070,
} as const;

export const xmlAddress = 0x10000;
export const memoryBytes = 0x21000;

export const formats = {
  Mono8: 0x01080001,
  Mono16: 0x01100007,
  BayerRG8: 0x01080009,
  RGB8: 0x02180014,
  Coord3D_C16: 0x011000b8,
  Coord3D_C32f: 0x012000bf,
  Coord3D_ABC32f: 0x026000c0,
  Confidence8: 0x010800c6,
} as const;
export type FormatName = keyof typeof formats;

/** Component numbers and the data types of their parts. */
export const components = {
  Intensity: { id: 1, dataType: 1 },
  Range: { id: 4, dataType: 5 },
  Confidence: { id: 6, dataType: 9 },
} as const;
export type ComponentName = keyof typeof components;

export const distanceUnits = { Millimeter: 0, Meter: 1 } as const;
export const triggerSources = { Line0: 0, Software: 1, Action0: 2 } as const;
/** The chunk that counts triggers. */
export const counterChunk = 0x1001;
/** GVSP payload types. */
export const payloads = { image: 0x0001, imageWithChunks: 0x4001, multipart: 0x000a } as const;
