// SPDX-License-Identifier: Apache-2.0
// What a packet from xenstored means: an event of a watch, a success of the type asked for, or the name of an errno. Pure.

import { decodeString, decodeStrings } from './payload.js';
import { MessageType, type Packet, type RequestType } from './wire.js';

/** A watch event's path and token; undefined when the payload is not that. Its req_id and tx_id mean nothing: Linux's driver does not set them. */
export function decodeEvent(payload: Buffer): { path: string; token: string } | undefined {
  const [path, token, ...rest] = decodeStrings(payload) ?? [];
  if (path === undefined || token === undefined || rest.length > 0) return undefined;
  return { path, token };
}

/** Whether a reply to a request of `type` is a success or an errno such as ENOENT; undefined when it is neither. */
export function decodeReply(
  packet: Packet,
  type: RequestType,
): { errno: string | undefined } | undefined {
  if (packet.type === type) return { errno: undefined };
  if (packet.type !== MessageType.error) return undefined;
  const errno = decodeString(packet.payload);
  return errno !== undefined && /^E[A-Z0-9]{1,31}$/.test(errno) ? { errno } : undefined;
}
