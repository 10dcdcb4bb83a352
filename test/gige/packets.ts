/**
 * A frame cut into GVSP packets: leader, payload, trailer, with extended (64-bit) ids. See `layout.ts` for what it was
 * written from. The packets of the last frames are kept to be sent again.
 */
import { type ComponentName, components, counterChunk, payloads } from './layout.ts';

export interface Part {
  readonly component: ComponentName;
  readonly format: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

export interface Shot {
  readonly frameId: bigint;
  readonly timestampNs: bigint;
  readonly parts: readonly Part[];
  readonly multipart: boolean;
  /** Trigger count, as a chunk behind the image; null: no chunks. */
  readonly count: bigint | null;
}

const types = { leader: 1, trailer: 2, payload: 3, multipart: 7 } as const;
const headerBytes = 20;

/**
 * Every packet of a frame, in order, each with room for `packetBytes` on the wire (IP and UDP headers included).
 * Written over the packets of an old frame where they have the same sizes: a camera's memory is not made anew.
 */
export function packetsOf(shot: Shot, packetBytes: number, old: readonly Buffer[] = []): Buffer[] {
  const room = packetBytes - 28 - headerBytes;
  const packets = [leader(shot)];
  const push = (type: number, data: Uint8Array, part: number, base: number): void => {
    const extra = type === types.multipart ? 8 : 0;
    for (let at = 0; at < data.length; at += room - extra) {
      const piece = data.subarray(at, at + room - extra);
      const packet = header(shot, type, packets.length, extra + piece.length, old[packets.length]);
      if (extra > 0) {
        packet[headerBytes] = part;
        // The offset counts from the beginning of the payload, not of the part.
        packet.writeUInt32BE(base + at, headerBytes + 4);
      }
      packet.set(piece, headerBytes + extra);
      packets.push(packet);
    }
  };
  if (shot.multipart) {
    let base = 0;
    shot.parts.forEach((part, at) => {
      push(types.multipart, part.data, at, base);
      base += part.data.length;
    });
  } else push(types.payload, withChunks(shot), 0, 0);
  const trailer = header(shot, types.trailer, packets.length, 8);
  trailer.writeUInt32BE(payloadType(shot), headerBytes);
  trailer.writeUInt32BE(shot.parts[0]?.heightPx ?? 0, headerBytes + 4);
  packets.push(trailer);
  return packets;
}

function payloadType({ multipart, count }: Shot): number {
  if (multipart) return payloads.multipart;
  return count === null ? payloads.image : payloads.imageWithChunks;
}

function header(shot: Shot, type: number, packetId: number, bytes: number, old?: Buffer): Buffer {
  const { frameId, multipart, parts } = shot;
  const packet = old?.length === headerBytes + bytes ? old : Buffer.alloc(headerBytes + bytes);
  const partCount = type === types.leader && multipart ? parts.length : 0;
  packet.writeUInt32BE((0x80000000 + type * 0x1000000 + partCount) >>> 0, 4);
  packet.writeBigUInt64BE(frameId, 8);
  packet.writeUInt32BE(packetId, 16);
  return packet;
}

function leader(shot: Shot): Buffer {
  const { parts, multipart, timestampNs } = shot;
  const packet = header(shot, types.leader, 0, multipart ? 12 + 48 * parts.length : 36);
  packet.writeUInt16BE(payloadType(shot), 22);
  packet.writeBigUInt64BE(timestampNs, 24);
  parts.forEach((part, at) => {
    const from = 32 + 48 * at;
    if (!multipart && at > 0) return;
    if (multipart) {
      packet.writeUInt16BE(components[part.component].dataType, from);
      packet.writeUInt32BE(part.data.length, from + 4);
      packet.writeUInt32BE(part.format, from + 8);
      packet.writeUInt16BE(components[part.component].id, from + 20);
    } else packet.writeUInt32BE(part.format, 32);
    const size = multipart ? from + 24 : 36;
    packet.writeUInt32BE(part.widthPx, size);
    packet.writeUInt32BE(part.heightPx, size + 4);
  });
  return packet;
}

/** Chunks stand behind what they describe, each with its number and length behind it. */
function withChunks({ parts, count }: Shot): Uint8Array {
  const image = parts[0]?.data ?? new Uint8Array();
  if (count === null) return image;
  const tag = (id: number, bytes: number): Buffer => {
    const out = Buffer.alloc(8);
    out.writeUInt32BE(id, 0);
    out.writeUInt32BE(bytes, 4);
    return out;
  };
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(count);
  return Buffer.concat([image, tag(1, image.length), value, tag(counterChunk, value.length)]);
}
