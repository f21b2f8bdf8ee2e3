// SPDX-License-Identifier: Apache-2.0
// The error class of XenStore calls: a code per errno name, the operation and the path.

import { ThawError } from '../toolstack/base/errors.js';

export interface XenstoreErrorDetails {
  op?: string | undefined;
  path?: string | undefined;
  cause?: unknown;
}

/**
 * A XenStore call that failed. `code` is `ERR_XENSTORE_` plus the errno name that xenstored sent (ENOENT, EACCES, EAGAIN, ENOSPC, EQUOTA, E2BIG, …)
 * or one of this client's own: CONNECT, CLOSED, TIMEOUT, ABORTED, PROTOCOL, PATH, VALUE, PAYLOAD, ARGUMENT, TRANSACTION.
 */
export class XenstoreError extends ThawError {
  readonly op: string | undefined;
  readonly path: string | undefined;

  constructor(code: string, message: string, details: XenstoreErrorDetails = {}) {
    super(code, message, details.cause === undefined ? {} : { cause: details.cause });
    this.op = details.op;
    this.path = details.path;
  }
}

/** True for a XenstoreError with that errno name or client code, e.g. `isXenstoreError(e, 'ENOENT')`. */
export function isXenstoreError(error: unknown, name: string): error is XenstoreError {
  return error instanceof XenstoreError && error.code === `ERR_XENSTORE_${name}`;
}

/** The error for an errno name with which xenstored, or the kernel's xenbus driver, answered a request. */
export function errnoError(
  errno: string,
  op: string,
  path: string | undefined,
  cause?: unknown,
): XenstoreError {
  const state = REASONS[errno] ?? 'refused by xenstored';
  return new XenstoreError(
    `ERR_XENSTORE_${errno}`,
    `${describeCall(op, path)}: ${state} (${errno})`,
    { op, path, cause },
  );
}

/** The error for a request that is not sent because its payload is too long. */
export function payloadError(
  op: string,
  path: string | undefined,
  bytes: number,
  max: number,
): XenstoreError {
  return new XenstoreError(
    'ERR_XENSTORE_PAYLOAD',
    `${describeCall(op, path)}: path and value have ${bytes} bytes, the limit is ${max}`,
    { op, path },
  );
}

/** The error of a connection that ended without close(). */
export function lostError(transportPath: string, cause: unknown): XenstoreError {
  const message = `Lost the connection to xenstored at ${transportPath}`;
  return new XenstoreError('ERR_XENSTORE_CLOSED', message, { cause });
}

/** The error of a connection that was closed because of bytes that are not the protocol. */
export function protocolError(transportPath: string, fault: string): XenstoreError {
  const message = `Cannot understand xenstored at ${transportPath}: ${fault}`;
  return new XenstoreError('ERR_XENSTORE_PROTOCOL', message);
}

/** The error of a call whose connection is closed, or has ended for the reason `cause`. */
export function closedError(op: string, path: string | undefined, cause: unknown): XenstoreError {
  const state = cause === undefined ? 'the connection is closed' : 'the connection has ended';
  const message = `${describeCall(op, path)}: ${state}`;
  return new XenstoreError('ERR_XENSTORE_CLOSED', message, { op, path, cause });
}

/** The error for a reply that does not fit its request. */
export function replyError(op: string, path: string | undefined, reply: Buffer): XenstoreError {
  const shown = JSON.stringify(reply.toString('latin1', 0, 64));
  return new XenstoreError(
    'ERR_XENSTORE_PROTOCOL',
    `${describeCall(op, path)}: xenstored answered ${shown}`,
    { op, path },
  );
}

/** `Cannot read "/a/b"`: the beginning of each message of this layer. */
export function describeCall(op: string, path: string | undefined): string {
  return path === undefined ? `Cannot ${op}` : `Cannot ${op} ${JSON.stringify(shorten(path))}`;
}

function shorten(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 197)}...`;
}

const REASONS: Record<string, string | undefined> = {
  E2BIG: 'larger than xenstored can send or store',
  EACCES: 'permission denied',
  EAGAIN: 'another client changed the same nodes',
  EBUSY: 'busy',
  EEXIST: 'it exists',
  EINVAL: 'refused as invalid',
  EIO: 'xenstored failed',
  EISCONN: 'the domain is connected already',
  ENOENT: 'no such node or domain',
  ENOMEM: 'xenstored is out of memory',
  ENOSPC: 'the quota of the domain is used up',
  ENOSYS: 'this xenstored does not support it',
  EPERM: 'not allowed',
  EQUOTA: 'the quota of the domain is used up',
};
