// SPDX-License-Identifier: Apache-2.0
// The operations on nodes, inside and outside of a transaction: read, write, list, remove, permissions.

import { listDirectory } from './directory.js';
import { describeCall, isXenstoreError, replyError, XenstoreError } from './errors.js';
import { decodeStrings, encodeStrings } from './payload.js';
import { watchPath, xsPath } from './paths.js';
import type { RequestOptions } from './pending-call.js';
import { decodePermission, encodePermission, type Permission } from './permissions.js';
import { MessageType, type RequestType } from './wire.js';

/** A value: text (sent as UTF-8, without NUL) or bytes as they are. */
export type Value = string | Buffer;

/** One node of a tree to write: the value, when given, then the permissions, when given. Without a value: MKDIR. */
export interface StoreEntry {
  readonly path: string;
  readonly value?: Value | undefined;
  readonly permissions?: readonly Permission[] | undefined;
}

/**
 * All calls first check their arguments (ERR_XENSTORE_PATH, _VALUE, _PAYLOAD, _ARGUMENT). They are sent at once and executed in the order of the
 * calls. They reject with a XenstoreError that names the operation and the path.
 */
export abstract class NodeOperations {
  /** READ. Rejects with ERR_XENSTORE_ENOENT when the node does not exist. */
  async readBuffer(path: string, options?: RequestOptions): Promise<Buffer> {
    return this.call(MessageType.read, 'read', xsPath(path), encodeStrings(path), options);
  }

  /** READ, as UTF-8. */
  async read(path: string, options?: RequestOptions): Promise<string> {
    return (await this.readBuffer(path, options)).toString('utf8');
  }

  /** READ, as UTF-8; returns undefined when the node does not exist. */
  async readIfExists(path: string, options?: RequestOptions): Promise<string | undefined> {
    try {
      return await this.read(path, options);
    } catch (error) {
      if (isXenstoreError(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** WRITE. Makes missing parents, with empty values. */
  async write(path: string, value: Value, options?: RequestOptions): Promise<void> {
    const bytes = encodeValue(path, value);
    const payload = Buffer.concat([encodeStrings(xsPath(path)), bytes]);
    await this.call(MessageType.write, 'write', path, payload, options);
  }

  /** MKDIR. Leaves an existing node as it is. */
  async mkdir(path: string, options?: RequestOptions): Promise<void> {
    await this.call(MessageType.mkdir, 'make', xsPath(path), encodeStrings(path), options);
  }

  /** RM, with everything below. A missing node is no error; a missing parent is (ERR_XENSTORE_ENOENT). */
  async rm(path: string, options?: RequestOptions): Promise<void> {
    await this.call(MessageType.rm, 'remove', xsPath(path), encodeStrings(path), options);
  }

  /** Returns the names of all children: by DIRECTORY, past its limit by DIRECTORY_PART. */
  async directory(path: string, options?: RequestOptions): Promise<string[]> {
    const checked = xsPath(path);
    return listDirectory(checked, (type, payload) =>
      this.call(type, 'list', checked, payload, options),
    );
  }

  /** GET_PERMS. The first entry is the owner's. Also takes the special paths. */
  async getPermissions(path: string, options?: RequestOptions): Promise<Permission[]> {
    const op = 'get the permissions of';
    const payload = encodeStrings(watchPath(path));
    const reply = await this.call(MessageType.getPerms, op, path, payload, options);
    const entries = decodeStrings(reply)?.map(decodePermission);
    if (entries === undefined || entries.length === 0 || entries.includes(undefined))
      throw replyError(op, path, reply);
    return entries.filter((entry) => entry !== undefined);
  }

  /** SET_PERMS. Also takes the special paths. */
  async setPermissions(
    path: string,
    permissions: readonly Permission[],
    options?: RequestOptions,
  ): Promise<void> {
    const op = 'set the permissions of';
    if (permissions.length === 0)
      throw new XenstoreError(
        'ERR_XENSTORE_ARGUMENT',
        `${describeCall(op, path)}: the list has no entry for the owner`,
        { op, path },
      );
    const payload = encodeStrings(watchPath(path), ...permissions.map(encodePermission));
    await this.call(MessageType.setPerms, op, path, payload, options);
  }

  /** Writes many nodes with one wait: sends all requests at once, in order. Once all have ended, rejects with the first failure. */
  async writeAll(entries: Iterable<StoreEntry>, options?: RequestOptions): Promise<void> {
    const calls: Promise<void>[] = [];
    for (const { path, value, permissions } of entries) {
      calls.push(
        value === undefined ? this.mkdir(path, options) : this.write(path, value, options),
      );
      if (permissions !== undefined) calls.push(this.setPermissions(path, permissions, options));
    }
    for (const result of await Promise.allSettled(calls))
      if (result.status === 'rejected') throw result.reason;
  }

  /** Sends one request, in the client's or the transaction's name. */
  protected abstract call(
    type: RequestType,
    op: string,
    path: string | undefined,
    payload: Buffer,
    options: RequestOptions | undefined,
  ): Promise<Buffer>;
}

function encodeValue(path: string, value: Value): Buffer {
  if (typeof value !== 'string') return value;
  if (value.includes('\0'))
    throw new XenstoreError(
      'ERR_XENSTORE_VALUE',
      `${describeCall('write', path)}: the text holds a NUL; pass bytes as a Buffer`,
      { op: 'write', path },
    );
  return Buffer.from(value, 'utf8');
}
