// SPDX-License-Identifier: Apache-2.0
// Packs and unpacks frames and fields (kernels/agent/proto.h). Pure: bytes in, frames out.

import { ThawError } from './errors.js';

/** Bytes of a frame's header: length, type, id, arg, each le32. */
export const FRAME_HEADER = 16;

export interface Frame {
  type: number;
  id: number;
  arg: number;
  payload: Buffer;
}

/** The peer broke the wire protocol; the connection cannot go on. */
export class ProtocolError extends ThawError {
  constructor(message: string) {
    super('ERR_PROTOCOL', message);
  }
}

/** Packs one frame. `arg`, `id` are u32. */
export function encodeFrame(
  type: number,
  id: number,
  arg: number,
  payload: Buffer = EMPTY,
): Buffer {
  const out = Buffer.allocUnsafe(FRAME_HEADER + payload.length);
  out.writeUInt32LE(payload.length, 0);
  out.writeUInt32LE(type, 4);
  out.writeUInt32LE(id, 8);
  out.writeUInt32LE(arg, 12);
  payload.copy(out, FRAME_HEADER);
  return out;
}

const EMPTY = Buffer.alloc(0);

/** Cuts a byte stream into frames, refusing any whose length is above `maxPayload` before it is gathered. */
export class FrameParser {
  readonly #maxPayload: number;
  #chunks: Buffer[] = [];
  #have = 0;
  #need = FRAME_HEADER;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  /** Takes the next bytes; returns the frames they complete. Throws ProtocolError; the parser is then of no more use. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    while (this.#have >= this.#need) {
      const bytes = this.#gather();
      const length = bytes.readUInt32LE(0);
      if (length > this.#maxPayload) {
        throw new ProtocolError(
          `Frame of ${length} bytes is above the maximum of ${this.#maxPayload}`,
        );
      }
      this.#need = FRAME_HEADER + length;
      if (bytes.length < this.#need) break;
      frames.push({
        type: bytes.readUInt32LE(4),
        id: bytes.readUInt32LE(8),
        arg: bytes.readUInt32LE(12),
        payload: bytes.subarray(FRAME_HEADER, this.#need),
      });
      this.#chunks = bytes.length > this.#need ? [bytes.subarray(this.#need)] : [];
      this.#have -= this.#need;
      this.#need = FRAME_HEADER;
    }
    return frames;
  }

  #gather(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

/** Packs byte strings as fields: le32 length, bytes, each. */
export function encodeFields(fields: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [];
  for (const field of fields) {
    const bytes = typeof field === 'string' ? Buffer.from(field) : field;
    const head = Buffer.allocUnsafe(4);
    head.writeUInt32LE(bytes.length, 0);
    parts.push(head, bytes);
  }
  return Buffer.concat(parts);
}

/** Unpacks all fields of `bytes`, at most `maxFields`. Throws ProtocolError when they do not fill it exactly. */
export function decodeFields(bytes: Buffer, maxFields: number): Buffer[] {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (fields.length === maxFields)
      throw new ProtocolError(`More than ${maxFields} fields in a message`);
    if (bytes.length - at < 4) throw new ProtocolError('A field ends within its length');
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (length > bytes.length - at)
      throw new ProtocolError(`A field of ${length} bytes ends after its message`);
    fields.push(bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
}
