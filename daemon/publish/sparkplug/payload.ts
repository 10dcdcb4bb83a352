/**
 * The Sparkplug B payload as far as we use it: a minimal schema of our own for protobufjs, with the field numbers of
 * the published one (Sparkplug 3.0, 6.4.1). Reading skips what it does not know, as protobuf does.
 */
import protobuf from 'protobufjs';

/** Data types (Sparkplug 3.0, 6.4.16), those we send and understand. */
export const dataTypes = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
  Text: 14,
} as const;
export type DataType = keyof typeof dataTypes;

export type MetricValue = number | boolean | string | null;

export interface Metric {
  readonly name: string;
  readonly type: DataType;
  readonly value: MetricValue;
  /** ms since 1970 */
  readonly atMs: number;
}

export interface SparkplugPayload {
  readonly atMs: number;
  /** 0 to 255; null in NDEATH and in commands. */
  readonly seq: number | null;
  readonly metrics: readonly Metric[];
}

/** Every field has its presence (proto2): a number 0 is sent, and an absent one is told apart from it. */
const schema = `
  syntax = "proto2";
  message Payload {
    optional uint64 timestamp = 1;
    repeated Metric metrics = 2;
    optional uint64 seq = 3;
  }
  message Metric {
    optional string name = 1;
    optional uint64 alias = 2;
    optional uint64 timestamp = 3;
    optional uint32 datatype = 4;
    optional bool is_historical = 5;
    optional bool is_transient = 6;
    optional bool is_null = 7;
    oneof value {
      uint32 int_value = 10;
      uint64 long_value = 11;
      float float_value = 12;
      double double_value = 13;
      bool boolean_value = 14;
      string string_value = 15;
    }
  }`;
const type = protobuf.parse(schema).root.lookupType('Payload');

export function encodePayload({ atMs, seq, metrics }: SparkplugPayload): Uint8Array {
  const message = {
    timestamp: long(atMs),
    ...(seq === null ? {} : { seq: long(seq) }),
    metrics: metrics.map((metric) => ({
      name: metric.name,
      timestamp: long(metric.atMs),
      datatype: dataTypes[metric.type],
      ...(metric.value === null ? { isNull: true } : valueField(metric.type, metric.value)),
    })),
  };
  return type.encode(message).finish();
}

function valueField(of: DataType, held: Exclude<MetricValue, null>): Record<string, unknown> {
  switch (of) {
    case 'Boolean':
      return { booleanValue: held };
    case 'String':
    case 'Text':
      return { stringValue: held };
    case 'Float':
      return { floatValue: held };
    case 'Double':
      return { doubleValue: held };
    case 'Int64':
    case 'UInt64':
    case 'DateTime':
      return { longValue: long(held as number) };
    default:
      // Signed ones are their two's complement in 32 bits (6.4.16).
      return { intValue: (held as number) >>> 0 };
  }
}

/** Counts and times of ours are whole and below 2^53. */
function long(whole: number): number {
  return Math.max(0, Math.trunc(whole));
}

/** As it is read: long numbers as text, which loses nothing; absent fields are absent. */
interface WireMetric {
  readonly name?: string;
  readonly datatype?: number;
  readonly timestamp?: string;
  readonly isNull?: boolean;
  /** Which of the values is there. */
  readonly value?: string;
  readonly longValue?: string;
  readonly [of: string]: unknown;
}

/**
 * Throws where the bytes are no payload. A metric without a name (by alias alone) or of another type is left out; one
 * without a type, as commands should be (6.4.16), has that of the field its value came in.
 */
export function decodePayload(bytes: Uint8Array): SparkplugPayload {
  const message = type.toObject(type.decode(bytes), { longs: String, oneofs: true }) as {
    timestamp?: string;
    seq?: string;
    metrics?: WireMetric[];
  };
  const atMs = Number(message.timestamp ?? 0);
  return {
    atMs,
    seq: message.seq === undefined ? null : Number(message.seq),
    metrics: (message.metrics ?? []).flatMap((metric) => readMetric(metric, atMs)),
  };
}

/** What a value is whose type the sender left to the birth: in the birth all whole numbers of commands are Int32. */
const fieldTypes: Readonly<Record<string, DataType>> = {
  ...{ intValue: 'Int32', longValue: 'Int64', floatValue: 'Float', doubleValue: 'Double' },
  ...{ booleanValue: 'Boolean', stringValue: 'String' },
};

function readMetric(metric: WireMetric, atMs: number): Metric[] {
  const { name = '', datatype, timestamp } = metric;
  const named = Object.entries(dataTypes).find(([, number]) => number === datatype)?.[0] as DataType | undefined;
  const of = datatype === undefined ? (fieldTypes[metric.value ?? ''] ?? 'String') : named;
  if (name === '' || of === undefined) return [];
  const held = metric.isNull ? null : readValue(of, metric);
  return [{ name, type: of, value: held, atMs: timestamp === undefined ? atMs : Number(timestamp) }];
}

function readValue(of: DataType, metric: WireMetric): MetricValue {
  const held = metric.value === undefined ? undefined : metric[metric.value];
  if (held === undefined) return null;
  if (metric.value === 'longValue') {
    const bits = BigInt(metric.longValue ?? 0);
    return Number(of === 'Int64' ? BigInt.asIntN(64, bits) : bits);
  }
  if (metric.value === 'intValue' && of.startsWith('Int')) {
    const unused = of === 'Int8' ? 24 : of === 'Int16' ? 16 : 0;
    return ((held as number) << unused) >> unused;
  }
  return held as MetricValue;
}
