// SPDX-License-Identifier: Apache-2.0
// Encodes the settings of a bridge's port (linux/if_link.h, IFLA_BRPORT_*; linux/neighbour.h). Pure.

import { ACK, attribute, macBytes, message, nested, REPLACES, REQUEST } from './message.js';

const SETLINK = 19;
const NEWNEIGH = 28;
const AF_BRIDGE = 7;
const IFLA_PROTINFO = 12;
const BRPORT = { LEARNING: 8, UNICAST_FLOOD: 9 };
const NDA_LLADDR = 2;
/** Never ages, and leads to the port (`bridge fdb add ... static`). */
const NUD_NOARP = 0x40;
/** The entry belongs to the bridge above the port. */
const NTF_MASTER = 0x04;
/** The entry stays at its port when another port sends from that MAC. */
const NTF_STICKY = 0x40;

/**
 * Returns the messages for the port of one guest: frames for its MAC go there, and the bridge learns no other MAC from it. With `learns`, the bridge
 * learns MACs from the port, and floods it with frames for unknown ones. `index` is dom0's number of the interface.
 */
export function portMessages(index: number, mac: string, learns: boolean): Buffer {
  const link = Buffer.alloc(16);
  link.writeUInt8(AF_BRIDGE, 0);
  link.writeInt32LE(index, 4);
  const flag = Buffer.from([learns ? 1 : 0]);
  const port = nested(
    IFLA_PROTINFO,
    attribute(BRPORT.LEARNING, flag),
    attribute(BRPORT.UNICAST_FLOOD, flag),
  );
  const neighbour = Buffer.alloc(12);
  neighbour.writeUInt8(AF_BRIDGE, 0);
  neighbour.writeInt32LE(index, 4);
  neighbour.writeUInt16LE(NUD_NOARP, 8);
  neighbour.writeUInt8(NTF_MASTER | NTF_STICKY, 10);
  return Buffer.concat([
    message(SETLINK, REQUEST | ACK, link, [port]),
    message(NEWNEIGH, REQUEST | ACK | REPLACES, neighbour, [attribute(NDA_LLADDR, macBytes(mac))]),
  ]);
}
