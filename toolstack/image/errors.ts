// SPDX-License-Identifier: Apache-2.0
// Errors of the image store. Each code has one meaning; callers match the code, and people read the message.
import { statfs } from 'node:fs/promises';
import { ThawError, errorCode } from '../base/errors.js';

export type ImageErrorCode =
  /** The reference names nothing: no such file, repository, tag, or stored image. */
  | 'ERR_IMAGE_NOT_FOUND'
  /** The image's bytes do not match its digests, or its metadata cannot be parsed. */
  | 'ERR_IMAGE_CORRUPT'
  /** A layer has entries that must not be unpacked: `..`, device nodes, impossible links, or more bytes or entries than the limits. */
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
  /** The registry does not answer, or does not answer in TLS. */
  | 'ERR_IMAGE_UNREACHABLE'
  /** skopeo failed for another reason, which the message quotes. */
  | 'ERR_IMAGE_PULL'
  /** skopeo could not copy an image out, to a registry or a file, for another reason, which the message quotes. */
  | 'ERR_IMAGE_PUSH'
  /** The image cannot be pushed or saved: the store did not keep the original blobs of its layers. */
  | 'ERR_IMAGE_NOT_KEPT'
  /** The work took longer than its deadline. */
  | 'ERR_IMAGE_TIMEOUT'
  /** The caller aborted the work. */
  | 'ERR_IMAGE_ABORTED'
  /** A container uses the image, or the image has more names than the one given. */
  | 'ERR_IMAGE_IN_USE'
  /** The image has no such user or group. */
  | 'ERR_IMAGE_USER'
  /** The image and the command line together give no command to run. */
  | 'ERR_IMAGE_COMMAND';

/** An error of the image store. */
export class ImageError extends ThawError {
  declare readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/** Resolves with the free bytes of the file system of `path`, and with its size. */
export async function spaceOf(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const s = await statfs(path);
  return { freeBytes: s.bavail * s.bsize, totalBytes: s.blocks * s.bsize };
}

/** True when an error, or a tool's text, says that the disk is full. */
export function saysNoSpace(error: unknown): boolean {
  const code = errorCode(error);
  if (code === 'ERR_IMAGE_NOSPACE' || code === 'ENOSPC' || code === 'EDQUOT') return true;
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  return /no space left on device|disk quota exceeded/i.test(text);
}

/** Quotes an image's text for one line of a message: escapes control characters, and cuts the text at 200 characters. */
export function quoteUntrusted(untrustedText: string): string {
  const cut = untrustedText.length > 200 ? `${untrustedText.slice(0, 200)}…` : untrustedText;
  return JSON.stringify(cut);
}
