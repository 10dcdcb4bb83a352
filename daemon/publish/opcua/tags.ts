/**
 * The flat block of variables a PLC reads, per line: scalars with string node ids `ns=1;s=<lineId>.<Tag>`, stable for
 * ever. All values of one result carry one source timestamp and `Sequence` is written last, so that a client that
 * waits for it to change finds the rest complete. Values stand until the next part; there are no pulses to miss.
 */
import { DataType, type Namespace, StatusCodes, type UAObject, type UAVariable } from 'node-opcua';
import type { VerdictRecord } from '../../line/verdict.ts';
import { reasonCodes, verdictCodes } from '../payload.ts';
import type { LineStatus } from '../status.ts';

type Scalar = number | string | boolean | Buffer | null;

interface Tag {
  readonly type: DataType;
  readonly initial: Scalar;
  readonly text: string;
  /** 0 = every change is sampled at once; slow for what is large. */
  readonly samplingMs?: number;
}

/** Strings are cut to what the smallest PLC takes (S7 STRING: 254). */
const stringMax = 254;
/** ImagePNG of the standard namespace: a ByteString that clients may show. */
const imagePng = 'i=2003';
/** The mask is for screens, which do not need each one. */
const maskSamplingMs = 1000;

export const tags = {
  Verdict: { type: DataType.Int16, initial: 0, text: '0 none, 1 OK, 2 NotOK, 3 NotDecidable; only 1 is good' },
  Reason: { type: DataType.String, initial: '', text: 'why, one word' },
  ReasonCode: { type: DataType.Int16, initial: 0, text: 'the same as a number, 0 none' },
  ResultId: { type: DataType.String, initial: '', text: 'line and sequence' },
  Trigger: { type: DataType.UInt32, initial: 0, text: 'trigger number of the part judged' },
  PartId: { type: DataType.String, initial: '', text: 'id of the part, empty where it has none' },
  Score: { type: DataType.Float, initial: 0, text: 'anomaly score; meaningful for Verdict 1 and 2' },
  Threshold: { type: DataType.Float, initial: 0, text: 'score at which a part is not OK' },
  DefectCount: { type: DataType.Int16, initial: 0, text: 'regions found' },
  CaptureToVerdictMs: { type: DataType.Float, initial: 0, text: 'from exposure to verdict, ms' },
  BundleName: { type: DataType.String, initial: '', text: 'NAME@VERSION of the bundle that judged' },
  BundleDigest: { type: DataType.String, initial: '', text: 'sha256 of its manifest' },
  Sequence: { type: DataType.UInt32, initial: 0, text: 'written last: its change says a result is complete' },
  Ready: { type: DataType.Boolean, initial: false, text: 'a trigger now would be judged' },
  WhyNotReady: { type: DataType.String, initial: '', text: 'empty when ready' },
  Fault: { type: DataType.Boolean, initial: false, text: 'a person is needed' },
  FaultText: { type: DataType.String, initial: '', text: 'what is wrong' },
  Heartbeat: { type: DataType.UInt32, initial: 0, text: 'steps while the daemon lives' },
  LastMaskPng: {
    type: DataType.ByteString,
    initial: null,
    text: 'mask of the part judged',
    samplingMs: maskSamplingMs,
  },
} as const satisfies Record<string, Tag>;
export type TagName = keyof typeof tags;

/** The block of one line in the address space. */
export class TagBlock {
  readonly #nodes: Record<TagName, UAVariable>;
  #heartbeat = 0;

  constructor(namespace: Namespace, folder: UAObject, lineId: string) {
    const nodes = Object.entries(tags).map(([name, tag]: [string, Tag]) => {
      const node = namespace.addVariable({
        browseName: name,
        nodeId: `s=${lineId}.${name}`,
        componentOf: folder,
        description: tag.text,
        dataType: name === 'LastMaskPng' ? imagePng : tag.type,
        minimumSamplingInterval: tag.samplingMs ?? 0,
        accessLevel: 'CurrentRead',
        userAccessLevel: 'CurrentRead',
      });
      return [name, node] as const;
    });
    this.#nodes = Object.fromEntries(nodes) as Record<TagName, UAVariable>;
  }

  /** No verdict, not ready: the state after every start. */
  reset(at: Date): void {
    for (const name of Object.keys(tags) as TagName[]) this.#write(name, tags[name].initial, at);
  }

  showResult(record: VerdictRecord, at: Date): void {
    const values: Partial<Record<TagName, Scalar>> = {
      Verdict: verdictCodes[record.decision],
      Reason: record.reason,
      ReasonCode: reasonCodes[record.reason],
      ResultId: record.resultId,
      Trigger: record.trigger >>> 0,
      PartId: record.partId ?? '',
      Score: record.score ?? Number.NaN,
      Threshold: record.threshold ?? Number.NaN,
      DefectCount: Math.min(record.regions.length, 0x7fff),
      CaptureToVerdictMs: record.captureToVerdictMs ?? Number.NaN,
      BundleName: record.bundle ? `${record.bundle.name}@${record.bundle.version}` : '',
      BundleDigest: record.bundle?.digest ?? '',
      LastMaskPng: null,
    };
    for (const [name, value] of Object.entries(values)) this.#write(name as TagName, value as Scalar, at);
    this.#write('Sequence', record.sequence >>> 0, at);
  }

  showMask(png: Uint8Array, at: Date): void {
    this.#write('LastMaskPng', Buffer.from(png.buffer, png.byteOffset, png.length), at);
  }

  showStatus(status: LineStatus, at: Date): void {
    this.#write('Fault', status.fault !== null, at);
    this.#write('FaultText', status.fault ?? '', at);
    this.#write('WhyNotReady', status.why ?? '', at);
    this.#write('Ready', status.ready, at);
  }

  beat(at: Date): void {
    this.#heartbeat = (this.#heartbeat + 1) >>> 0;
    this.#write('Heartbeat', this.#heartbeat, at);
  }

  #write(name: TagName, value: Scalar, at: Date): void {
    const cut = typeof value === 'string' ? value.slice(0, stringMax) : value;
    this.#nodes[name].setValueFromSource({ dataType: tags[name].type, value: cut }, StatusCodes.Good, at);
  }
}
