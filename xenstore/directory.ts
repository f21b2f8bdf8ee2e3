// SPDX-License-Identifier: Apache-2.0
// Lists a node's children when their names do not fit one reply, and reads the list again when it changes meanwhile.

import { errnoError, isXenstoreError, XenstoreError } from './errors.js';
import { decodeStrings, encodeStrings } from './payload.js';
import { MessageType, type RequestType } from './wire.js';

type Call = (type: RequestType, payload: Buffer) => Promise<Buffer>;

/**
 * Returns the names of the children of `path`. `call` sends a request and resolves with the reply. Rejects with ERR_XENSTORE_EAGAIN when the list
 * kept changing.
 */
export async function listDirectory(path: string, call: Call): Promise<string[]> {
  const reply = await call(MessageType.directory, encodeStrings(path)).catch((error: unknown) => {
    if (isXenstoreError(error, 'E2BIG')) return undefined;
    throw error;
  });
  return decodeNames(path, reply ?? (await readParts(path, call)));
}

// Each part begins with the node's generation. When it changes, the parts read so far belong to an older list.
async function readParts(path: string, call: Call): Promise<Buffer> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const list = await readOneGeneration(path, call);
    if (list !== undefined) return list;
  }
  throw errnoError('EAGAIN', 'list', path);
}

async function readOneGeneration(path: string, call: Call): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let offset = 0;
  let generation: string | undefined;
  for (;;) {
    const part = await readPart(path, offset, call);
    generation ??= part.generation;
    if (part.generation !== generation) return undefined;
    parts.push(part.names);
    offset += part.names.length;
    if (part.isLast) return Buffer.concat(parts);
  }
}

async function readPart(path: string, offset: number, call: Call) {
  const payload = encodeStrings(path, String(offset));
  const reply = await call(MessageType.directoryPart, payload).catch((error: unknown) => {
    // oxenstored has no DIRECTORY_PART. The caller needs to know that the list is too long.
    throw isXenstoreError(error, 'ENOSYS') ? errnoError('E2BIG', 'list', path, error) : error;
  });
  const end = reply.indexOf(0);
  const body = reply.subarray(end + 1);
  // The last part ends with an empty name.
  const isLast = body.at(-1) === 0 && (body.length === 1 || body.at(-2) === 0);
  if (end < 1 || body.at(-1) !== 0) throw malformed(path, reply);
  return {
    generation: reply.toString('latin1', 0, end),
    names: isLast ? body.subarray(0, -1) : body,
    isLast,
  };
}

function decodeNames(path: string, list: Buffer): string[] {
  const names = decodeStrings(list);
  if (names === undefined || names.includes('')) throw malformed(path, list);
  return names;
}

function malformed(path: string, reply: Buffer): XenstoreError {
  return new XenstoreError(
    'ERR_XENSTORE_PROTOCOL',
    `Cannot list "${path}": a reply of ${reply.length} bytes is not a list of names`,
    { op: 'list', path },
  );
}

const MAX_ATTEMPTS = 8;
