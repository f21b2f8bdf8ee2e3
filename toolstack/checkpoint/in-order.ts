// SPDX-License-Identifier: Apache-2.0
// Work on many pieces at once whose results are wanted in the order of the pieces.

/**
 * What `work` makes of each item, in their order; at most `depth` are under way or wait, so memory is bounded. When one fails, or the
 * consumer stops, those under way are waited for, and no other is begun.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  depth: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Whoever waits for it sees that it failed.
      result.catch(() => undefined);
      underWay.push(result);
      if (underWay.length >= depth) yield (await underWay.shift()) as R;
    }
    for (;;) {
      const result = underWay.shift();
      if (!result) return;
      yield await result;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
