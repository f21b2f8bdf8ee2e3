// SPDX-License-Identifier: Apache-2.0
// What happens to containers, as `thaw events` tells it.

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
  /** Of `health_status`. */
  health?: string;
  /** Of `died`: what `thaw wait` prints. */
  exitStatus?: number;
}

export interface EventFilter {
  /** What has happened since then is told first; milliseconds since 1970. */
  since?: number;
  /** Ends it; milliseconds since 1970. */
  until?: number;
  /** Also what is to come. */
  follow: boolean;
  /** Called in order; nothing is told after the first that throws. */
  tell: (event: ThawEvent) => void;
}
