// SPDX-License-Identifier: Apache-2.0
// Runs work on several items in parallel, and yields the results in the order of the items.

/**
 * Yields the result of `work` for each item, in the items' order. At most `depth` results are under way or wait, which bounds memory. When
 * work fails or the consumer stops, no further work starts, and the generator ends after all work under way has settled.
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
      // The await of this result reports a failure. This handler only prevents an unhandled rejection until then.
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
