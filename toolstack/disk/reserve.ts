// SPDX-License-Identifier: Apache-2.0
// The question that a room asks before and during work that writes much: does the disk keep its reserve?

/** `folder` is where the work writes; it may be missing yet. `action` is for the message, as in `Cannot pull busybox`. */
export interface Reserve {
  /** Rejects with ERR_DISK_RESERVE unless the folder's filesystem keeps its reserve after `neededBytes` more. */
  check(folder: string, action: string, neededBytes?: number): Promise<void>;
  /** Runs work that writes `neededBytes`. Nobody else gets these bytes meanwhile. Rejects as check() and as the work does. */
  holding<T>(
    folder: string,
    action: string,
    neededBytes: number,
    work: () => Promise<T>,
  ): Promise<T>;
  /**
   * Runs work that writes nobody knows how much. The work's signal aborts with `signal`, or when the reserve is reached. Rejects with ERR_DISK_RESERVE
   * then, once the work has settled, and otherwise as check() and as the work does.
   */
  guarding<T>(
    folder: string,
    action: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

/** Refuses nothing. */
export const noReserve: Reserve = Object.freeze<Reserve>({
  check: () => Promise.resolve(),
  holding: (_folder, _action, _neededBytes, work) => work(),
  guarding: (_folder, _action, signal, work) => work(signal ?? new AbortController().signal),
});
