// SPDX-License-Identifier: Apache-2.0
// Decodes a packet from xenstored: a watch event, a success of the requested type, or an errno name. Pure.

import { decodeString, decodeStrings } from './payload.js';
import { MessageType, type Packet, type RequestType } from './wire.js';

/** Returns a watch event's path and token; undefined for another payload. Its req_id and tx_id mean nothing: Linux's driver does not set them. */
export function decodeEvent(payload: Buffer): { path: string; token: string } | undefined {
  const [path, token, ...rest] = decodeStrings(payload) ?? [];
  if (path === undefined || token === undefined || rest.length > 0) return undefined;
  return { path, token };
}

/** Decodes the reply to a request of `type`: a success or an errno such as ENOENT; undefined when it is neither. */
export function decodeReply(
  packet: Packet,
  type: RequestType,
): { errno: string | undefined } | undefined {
  if (packet.type === type) return { errno: undefined };
  if (packet.type !== MessageType.error) return undefined;
  const errno = decodeString(packet.payload);
  return errno !== undefined && /^E[A-Z0-9]{1,31}$/.test(errno) ? { errno } : undefined;
}
