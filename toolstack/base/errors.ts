// SPDX-License-Identifier: Apache-2.0
// The form of every error of thaw: a stable code, a message for people, its cause. One subclass per layer.

/** Base of all errors thaw makes. `code` is stable and is what callers and tests match; `message` is for people. */
export class ThawError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The code of any error: ThawError's or Node's own, else undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * One line for a person: the message, then each cause's message that adds something, joined by `: `.
 * Line breaks inside become spaces, so that a log or a terminal shows one line an error.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let e: unknown = error, depth = 0; e !== undefined && depth < 8; depth++) {
    const text = errorMessage(e).replace(/\s+/g, ' ').trim();
    if (text !== '' && !parts.some((p) => p.includes(text))) parts.push(text);
    e = e instanceof Error ? e.cause : undefined;
  }
  return parts.join(': ');
}
