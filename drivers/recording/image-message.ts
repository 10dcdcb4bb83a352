/**
 * One image as a ROS 2 message (sensor_msgs/msg/Image in CDR), so that common viewers open a recording. RGB as `rgb8`;
 * depth as `32FC1` in mm, bit for bit as the camera gave it (ROS means metres: the channel's metadata says mm).
 */
import { invariant } from '../../errors.ts';

export const imageSchema = {
  name: 'sensor_msgs/msg/Image',
  encoding: 'ros2msg',
  text: `std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
`,
};

export type Encoding = 'rgb8' | '32FC1';
const bytesPerPixel: Record<Encoding, number> = { rgb8: 3, '32FC1': 4 };

export interface ImageMessage {
  readonly stampNs: bigint;
  readonly frameId: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly encoding: Encoding;
  readonly data: Uint8Array;
}

/** Little-endian CDR with its four bytes of head. */
export function encodeImage(image: ImageMessage): Uint8Array {
  const { stampNs, frameId, widthPx, heightPx, encoding, data } = image;
  const bytes = new Uint8Array(96 + frameId.length * 3 + data.length);
  const view = new DataView(bytes.buffer);
  let at = 4;
  // alignment counts from behind the head
  const align = (): void => {
    at = (at + 3) & ~3;
  };
  const uint32 = (value: number): void => {
    align();
    view.setUint32(at, value, true);
    at += 4;
  };
  const text = (value: string): void => {
    const encoded = new TextEncoder().encode(`${value}\0`);
    uint32(encoded.length);
    bytes.set(encoded, at);
    at += encoded.length;
  };
  view.setUint8(1, 1);
  uint32(Number(stampNs / 1_000_000_000n));
  uint32(Number(stampNs % 1_000_000_000n));
  text(frameId);
  uint32(heightPx);
  uint32(widthPx);
  text(encoding);
  view.setUint8(at++, 0);
  uint32(widthPx * bytesPerPixel[encoding]);
  uint32(data.length);
  invariant(at + data.length <= bytes.length, 'an image message fits its room');
  bytes.set(data, at);
  return bytes.subarray(0, at + data.length);
}

/** The pixels are copied into memory of their own. Throws an Error that says what is wrong with the message. */
export function decodeImage(message: Uint8Array): ImageMessage {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < 4 || view.getUint8(1) !== 1) throw new Error('an image that is not little-endian CDR');
  let at = 4;
  const need = (count: number): void => {
    if (at + count > message.length) throw new Error('an image message that is cut');
  };
  const uint32 = (): number => {
    at = (at + 3) & ~3;
    need(4);
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const text = (): string => {
    const length = uint32();
    need(length);
    at += length;
    return new TextDecoder().decode(message.subarray(at - length, at - 1));
  };
  const stampNs = BigInt(uint32()) * 1_000_000_000n + BigInt(uint32());
  const frameId = text();
  const [heightPx, widthPx] = [uint32(), uint32()];
  const encoding = text();
  if (encoding !== 'rgb8' && encoding !== '32FC1') throw new Error(`an image in ${encoding}, expected rgb8 or 32FC1`);
  need(1);
  at += 1;
  const [step, length] = [uint32(), uint32()];
  if (step !== widthPx * bytesPerPixel[encoding] || length !== step * heightPx) {
    throw new Error(`an image of ${widthPx} x ${heightPx} ${encoding} with ${length} bytes`);
  }
  need(length);
  return { stampNs, frameId, widthPx, heightPx, encoding, data: message.slice(at, at + length) };
}
