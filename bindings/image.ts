// SPDX-License-Identifier: Apache-2.0
// A template's save stream, read once and kept in memory. Clones are copied from it.

import { checkFd } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon, NativeImage } from './native.js';
import type { CloneResult, CloneRings, CloneSpec } from './types.js';

const NO_RINGS: CloneRings = { channels: new Uint8Array(), vif: new Uint8Array() };

export class Image {
  readonly #native: NativeImage;

  private constructor(native: NativeImage) {
    this.#native = native;
  }

  /**
   * Reads a whole save stream (trimmed or not) from the start of a file. The caller may close the file afterwards. Rejects with ERR_XEN_BAD_STREAM.
   */
  static async open(fd: number, native: NativeAddon = loadNative()): Promise<Image> {
    checkFd(fd);
    return new Image(await native.openImage(fd));
  }

  get type(): 'pv' | 'pvh' {
    return this.#native.type;
  }

  /** The number of 4 KiB frames that a clone has from the start. */
  get frames(): number {
    return this.#native.frames;
  }

  /** The number of those frames that are copied. */
  get dataPages(): number {
    return this.#native.dataPages;
  }

  /**
   * Makes a paused domain with the image's memory and state, off the event loop. Several calls may run at once. The caller writes the xenstore nodes
   * and introduces the domain. Leaves no domain when it rejects.
   *
   * `rings` holds the pages of the agent's channels and of the vif, as the agent answered FREEZE (struct thaw_ring_page, kernels/agent/proto.h).
   * clone() makes their grants and ports, and the guest wakes without xenstore. Without `rings` the guest waits for the wake node in xenstore.
   */
  async clone(
    handle: Uint8Array,
    spec: CloneSpec,
    { channels, vif }: CloneRings = NO_RINGS,
  ): Promise<CloneResult> {
    return this.#native.clone(handle, spec, channels, vif);
  }

  /** Frees the image's memory once the running clone calls have ended. Idempotent. */
  close(): void {
    this.#native.close();
  }
}
