// SPDX-License-Identifier: Apache-2.0
// Shared helpers of the XenStore client's tests: a client joined to a fake xenstored, and errors matched by code.

import type { ExecutionContext } from 'ava';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';
import { XenstoreError } from '../../../xenstore/errors.js';
import { FakeXenstored, type FakeOptions } from './fake-xenstored.js';

export interface Pair {
  readonly fake: FakeXenstored;
  readonly client: XenstoreClient;
}

/** Makes a fake xenstored and a client of it; both end with the test. */
export async function joinFake(
  t: ExecutionContext,
  options: FakeOptions & { timeoutMs?: number } = {},
): Promise<Pair> {
  const fake = await FakeXenstored.start(options);
  t.teardown(() => fake.close());
  return { fake, client: await joinClient(t, fake.path, options.timeoutMs ?? 5000) };
}

/** Makes one more client of the same xenstored. */
export async function joinClient(
  t: ExecutionContext,
  path: string,
  timeoutMs = 5000,
): Promise<XenstoreClient> {
  const client = await openXenstore({ path, timeoutMs });
  t.teardown(() => client.close());
  return client;
}

/** Asserts that the promise rejects with a XenstoreError of that code, and returns it. */
export async function rejectsWith(
  t: ExecutionContext,
  promise: Promise<unknown>,
  code: string,
): Promise<XenstoreError> {
  const error = await t.throwsAsync(promise, { instanceOf: XenstoreError });
  t.is(error.code, `ERR_XENSTORE_${code}`, error.message);
  return error;
}

/** Waits until `isTrue` holds; fails the test after five seconds. */
export async function eventually(
  t: ExecutionContext,
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.fail(`not within 5 s: ${what}`);
}
