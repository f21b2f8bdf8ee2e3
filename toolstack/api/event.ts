// SPDX-License-Identifier: Apache-2.0
// Events of containers, as `thaw events` shows them.

export interface ThawEvent {
  /** Milliseconds since 1970. */
  time: number;
  type: 'container';
  /** podman's words: create, start, died, stop, kill, pause, unpause, rename, update, restart, remove, health_status,
   * checkpoint, restore. */
  action: string;
  id: string;
  name: string;
  image: string;
  /** Uid of the container's owner; undefined for root. */
  owner?: number;
  /** Health status; only of `health_status`. */
  health?: string;
  /** The reason of a `pause` that thaw itself made. */
  reason?: string;
  /** The status that `thaw wait` prints; only of `died`. */
  exitStatus?: number;
}

export interface EventFilter {
  /** Events since this time come first; milliseconds since 1970. */
  since?: number;
  /** Time of the last event; milliseconds since 1970. */
  until?: number;
  /** Waits for new events as well. */
  follow: boolean;
  /** Called for each event in order, until it throws. */
  tell: (event: ThawEvent) => void;
}
