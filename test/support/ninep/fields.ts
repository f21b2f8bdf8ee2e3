// SPDX-License-Identifier: Apache-2.0
// Encodes and decodes the fields of 9P messages.

import type { Qid } from './client.js';

export type Field = Buffer;

function number(bytes: number): (value: number) => Buffer {
  return (value) => {
    const field = Buffer.alloc(bytes);
    field.writeUIntLE(value, 0, bytes);
    return field;
  };
}

export const put = {
  u8: number(1),
  u16: number(2),
  u32: number(4),
  u64(value: number | bigint): Buffer {
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
    return field;
  },
  string(value: string | Buffer): Buffer {
    const bytes = Buffer.from(value);
    return Buffer.concat([put.u16(bytes.length), bytes]);
  },
};

/** Reads a reply's fields in order; throws beyond the end. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  bytes(length: number): Buffer {
    if (length > this.left) throw new RangeError('The reply is too short');
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  u8(): number {
    return this.bytes(1).readUInt8();
  }

  u16(): number {
    return this.bytes(2).readUInt16LE();
  }

  u32(): number {
    return this.bytes(4).readUInt32LE();
  }

  u64(): bigint {
    return this.bytes(8).readBigUInt64LE();
  }

  string(): string {
    return this.bytes(this.u16()).toString();
  }

  qid(): Qid {
    return { type: this.u8(), version: this.u32(), path: this.u64() };
  }
}
