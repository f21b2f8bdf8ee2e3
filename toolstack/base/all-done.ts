// SPDX-License-Identifier: Apache-2.0
// Waits for several promises, also after one has failed.

/** Resolves or rejects after all promises have settled. Rejects with the first failure in their order. */
export async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
