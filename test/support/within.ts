// SPDX-License-Identifier: Apache-2.0
// Waits for promises and conditions in tests, never longer than the given time, times THAW_TEST_PATIENCE: the machine is busy while suites run side
// by side.

const PATIENCE = Number(process.env['THAW_TEST_PATIENCE'] ?? '3');

/** Returns the result of `work`, or an error that names the awaited event after `timeoutMs`. */
export async function within<T>(
  timeoutMs: number,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // After a pause of the process, data that came meanwhile is read only after its timers.
      setImmediate(() => {
        reject(new Error(`Waited ${timeoutMs} ms for ${what}`));
      });
    }, timeoutMs * PATIENCE);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `isTrue`, asked every 20 ms. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const end = Date.now() + timeoutMs * PATIENCE;
  for (let isLate = false; !(await isTrue()); isLate = Date.now() > end) {
    if (isLate) throw new Error(`Waited ${timeoutMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // After a pause of the process, data that came meanwhile is read only after its timers.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
