// SPDX-License-Identifier: Apache-2.0
// The wire format of XenStore messages: header, type numbers, and a parser that takes chunks as they come. Pure, no I/O. Facts from Xen's
// public/io/xs_wire.h and docs/misc/xenstore.txt.

/** enum xsd_sockmsg_type. */
export const MessageType = {
  directory: 1,
  read: 2,
  getPerms: 3,
  watch: 4,
  unwatch: 5,
  transactionStart: 6,
  transactionEnd: 7,
  introduce: 8,
  release: 9,
  getDomainPath: 10,
  write: 11,
  mkdir: 12,
  rm: 13,
  setPerms: 14,
  watchEvent: 15,
  error: 16,
  isDomainIntroduced: 17,
  resume: 18,
  directoryPart: 22,
} as const;

export type RequestType = Exclude<
  (typeof MessageType)[keyof typeof MessageType],
  typeof MessageType.watchEvent | typeof MessageType.error
>;

/** struct xsd_sockmsg: type, req_id, tx_id, len; u32 each, in the byte order of the host (thaw runs on little-endian hosts only). */
export const HEADER_BYTES = 16;

/** XENSTORE_PAYLOAD_MAX. xenstored cuts the connection of a client that sends more. */
export const PAYLOAD_MAX_BYTES = 4096;

export interface Packet {
  readonly type: number;
  readonly requestId: number;
  readonly txId: number;
  readonly payload: Buffer;
}

/** Encodes the packet as bytes to write in one piece. The caller has checked the payload's length. */
export function encodePacket(packet: Packet): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packet.payload.length);
  bytes.writeUInt32LE(packet.type, 0);
  bytes.writeUInt32LE(packet.requestId, 4);
  bytes.writeUInt32LE(packet.txId, 8);
  bytes.writeUInt32LE(packet.payload.length, 12);
  packet.payload.copy(bytes, HEADER_BYTES);
  return bytes;
}

export type ParseResult =
  | { readonly state: 'need-more'; readonly missingBytes: number }
  | { readonly state: 'packet'; readonly packet: Packet }
  | { readonly state: 'failed'; readonly reason: string };

/** Cuts a byte stream into packets: `push` the bytes read, then call `next` until it needs more. Once failed, it stays failed. */
export class PacketParser {
  readonly #maxPayloadBytes: number;
  #buffered: Buffer = Buffer.alloc(0);
  #failure: ParseResult | undefined;

  constructor(maxPayloadBytes: number = PAYLOAD_MAX_BYTES) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  push(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
  }

  next(): ParseResult {
    if (this.#failure !== undefined) return this.#failure;
    const bytes = this.#buffered;
    if (bytes.length < HEADER_BYTES)
      return { state: 'need-more', missingBytes: HEADER_BYTES - bytes.length };

    const length = bytes.readUInt32LE(12);
    if (length > this.#maxPayloadBytes) {
      this.#buffered = Buffer.alloc(0);
      this.#failure = {
        state: 'failed',
        reason: `a packet announces ${length} bytes, the limit is ${this.#maxPayloadBytes}`,
      };
      return this.#failure;
    }

    const end = HEADER_BYTES + length;
    if (bytes.length < end) return { state: 'need-more', missingBytes: end - bytes.length };
    this.#buffered = bytes.subarray(end);
    return {
      state: 'packet',
      packet: {
        type: bytes.readUInt32LE(0),
        requestId: bytes.readUInt32LE(4),
        txId: bytes.readUInt32LE(8),
        // A copy: a value that a caller keeps must not keep the whole chunk in memory.
        payload: Buffer.from(bytes.subarray(HEADER_BYTES, end)),
      },
    };
  }
}
