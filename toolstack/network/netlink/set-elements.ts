// SPDX-License-Identifier: Apache-2.0
// Encodes changes to sets of packet rules (linux/netfilter/nf_tables.h, nfnetlink.h). Pure.

import { ACK, attribute, CREATES, message, nested, REQUEST } from './message.js';

export interface SetElement {
  set: string;
  /** The fields of the key in order, each padded to four bytes. */
  key: Buffer;
}

const SUBSYSTEM = 10;
const TYPE = { ADD: (SUBSYSTEM << 8) | 12, DELETE: (SUBSYSTEM << 8) | 14 };
const NFPROTO_BRIDGE = 7;
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 };
const LIST_ELEM = 1;
const ELEM_KEY = 1;
const DATA_VALUE = 1;
/** Offset of nlmsg_flags (linux/netlink.h). */
const FLAGS_AT = 6;
const [BEGIN, END] = [0x10, 0x11].map((type) => message(type, REQUEST, head(0, SUBSYSTEM), [])) as [
  Buffer,
  Buffer,
];

/**
 * Returns a batch of messages that changes sets of a table of the bridge family: all or none. Adding an element that is there does nothing; deleting
 * one that is not there fails with ENOENT.
 */
export function elementMessages(
  change: keyof typeof TYPE,
  table: string,
  elements: readonly SetElement[],
): Buffer {
  const messages = elements.map(({ set, key }) => {
    const made = Buffer.from(withoutKey(change, table, set, key.length));
    // The key is the last attribute of the message.
    made.set(key, made.length - key.length);
    return made;
  });
  // A refusal is answered in any case; more answers than one could fill the socket's buffer.
  const last = messages.at(-1);
  last?.writeUInt16LE(last.readUInt16LE(FLAGS_AT) | ACK, FLAGS_AT);
  return Buffer.concat([BEGIN, ...messages, END]);
}

const prepared = new Map<string, Buffer>();

/** Returns the message for an element of that set, with zeros for its key. Starts send the same few again and again. */
function withoutKey(change: keyof typeof TYPE, table: string, set: string, length: number): Buffer {
  const name = `${change} ${table} ${set} ${length}`;
  const known = prepared.get(name);
  if (known) return known;
  const key = attribute(DATA_VALUE, Buffer.alloc(length));
  const made = message(
    TYPE[change],
    REQUEST | (change === 'ADD' ? CREATES : 0),
    head(NFPROTO_BRIDGE, 0),
    [
      attribute(LIST.TABLE, Buffer.from(`${table}\0`)),
      attribute(LIST.SET, Buffer.from(`${set}\0`)),
      nested(LIST.ELEMENTS, nested(LIST_ELEM, nested(ELEM_KEY, key))),
    ],
  );
  prepared.set(name, made);
  return made;
}

/** struct nfgenmsg; its last field is in network order. */
function head(family: number, resource: number): Buffer {
  return Buffer.from([family, 0, resource >> 8, resource & 0xff]);
}

/** Returns an interface's name as a field of a key (IFNAMSIZ). */
export function nameField(name: string): Buffer {
  const field = Buffer.alloc(16);
  field.write(name, 0, 15);
  return field;
}

/** Pads a field of a key. */
export function field(value: Buffer): Buffer {
  return Buffer.concat([value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}
