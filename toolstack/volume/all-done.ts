// SPDX-License-Identifier: Apache-2.0
// Waits for several promises, though one fails.

/** Rejects with the first failure, after all have settled. */
export async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
