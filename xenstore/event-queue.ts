// SPDX-License-Identifier: Apache-2.0
// Queues events for a slow reader in bounded memory: in order, once per path, and past a limit as one event for all. Pure.

/** Paths that changed and that the reader has not taken yet, oldest first. */
export class EventQueue {
  readonly #watchedPath: string;
  readonly #maxPaths: number;
  readonly #paths = new Set<string>();

  constructor(watchedPath: string, maxPaths = 4096) {
    this.#watchedPath = watchedPath;
    this.#maxPaths = maxPaths;
  }

  /**
   * An event says "look again", so a waiting path need not wait twice. A guest may make and remove ever new names below a path that dom0 watches:
   * past the limit one event for the watched path itself replaces all waiting events.
   */
  push(path: string): void {
    this.#paths.add(path);
    if (this.#paths.size <= this.#maxPaths) return;
    this.#paths.clear();
    this.#paths.add(this.#watchedPath);
  }

  shift(): string | undefined {
    for (const path of this.#paths) {
      this.#paths.delete(path);
      return path;
    }
    return undefined;
  }
}
