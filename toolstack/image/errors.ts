// SPDX-License-Identifier: Apache-2.0
// Which errors the image store makes. Each code has one meaning; callers match the code, people read the message.
import { statfs } from 'node:fs/promises';
import { ThawError, errorCode } from '../base/errors.js';

export type ImageErrorCode =
  /** The reference names nothing: no such file, repository, tag, or stored image. */
  | 'ERR_IMAGE_NOT_FOUND'
  /** The image's bytes are not what its digests promise, or its metadata cannot be parsed. */
  | 'ERR_IMAGE_CORRUPT'
  /** A layer holds what must not be unpacked: `..`, device nodes, impossible links, too much of anything. */
  | 'ERR_IMAGE_UNSAFE'
  /** The image is sound but uses something thaw's layers cannot express. */
  | 'ERR_IMAGE_UNSUPPORTED'
  /** The store's file system is full. */
  | 'ERR_IMAGE_NOSPACE'
  /** The image is for another architecture or operating system. */
  | 'ERR_IMAGE_PLATFORM'
  /** The reference does not parse. */
  | 'ERR_IMAGE_REFERENCE'
  /** A program that the store needs is missing. */
  | 'ERR_IMAGE_TOOL'
  /** The registry asks for a login. */
  | 'ERR_IMAGE_DENIED'
  /** The registry does not answer, or not in TLS. */
  | 'ERR_IMAGE_UNREACHABLE'
  /** skopeo failed for another reason, which the message quotes. */
  | 'ERR_IMAGE_PULL'
  /** skopeo could not copy an image out, to a registry or a file, for another reason, which the message quotes. */
  | 'ERR_IMAGE_PUSH'
  /** The image cannot be pushed or saved: its layers were not kept as they came. */
  | 'ERR_IMAGE_NOT_KEPT'
  /** The work took longer than its deadline. */
  | 'ERR_IMAGE_TIMEOUT'
  /** The caller gave up. */
  | 'ERR_IMAGE_ABORTED'
  /** The image is used by a container, or has more names than the one given. */
  | 'ERR_IMAGE_IN_USE'
  /** The user or group asked for is not in the image. */
  | 'ERR_IMAGE_USER'
  /** Image and command line together give no process that could be started. */
  | 'ERR_IMAGE_COMMAND';

/** What the image store throws. */
export class ImageError extends ThawError {
  declare readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/** Bytes that root can still write to the file system of `path`, and its size. */
export async function spaceOf(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const s = await statfs(path);
  return { freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize };
}

/** Whether an error, or a tool's text, says that the disk is full. */
export function saysNoSpace(error: unknown): boolean {
  const code = errorCode(error);
  if (code === 'ERR_IMAGE_NOSPACE' || code === 'ENOSPC' || code === 'EDQUOT') return true;
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  return /no space left on device|disk quota exceeded/i.test(text);
}

/** Text from an image made fit for one line of a message: control characters escaped, cut at 200 characters. */
export function quoteUntrusted(untrustedText: string): string {
  const cut = untrustedText.length > 200 ? `${untrustedText.slice(0, 200)}…` : untrustedText;
  return JSON.stringify(cut);
}
