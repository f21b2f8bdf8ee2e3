// SPDX-License-Identifier: Apache-2.0
// A template's save stream, read once and held ready, of which clones are made by copying.

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
   * Reads a whole save stream (trimmed or not) from the start of a file. The file may be closed afterwards.
   * Rejects with ERR_XEN_BAD_STREAM.
   */
  static async open(fd: number, native: NativeAddon = loadNative()): Promise<Image> {
    checkFd(fd);
    return new Image(await native.openImage(fd));
  }

  get type(): 'pv' | 'pvh' {
    return this.#native.type;
  }

  /** Frames that a clone has from the start, of 4 KiB. */
  get frames(): number {
    return this.#native.frames;
  }

  /** Of these, those that are copied. */
  get dataPages(): number {
    return this.#native.dataPages;
  }

  /**
   * Makes a paused domain with the image's memory and state, off the event loop; several may be under way. What is in xenstore
   * and the introduction are the caller's. Leaves no domain when it rejects.
   *
   * `rings` are those of the agent's channels and of the vif as its FREEZE answered (struct thaw_ring_page, kernels/agent/proto.h): their
   * grants and ports are made, and the guest wakes without xenstore. Without, it waits for the wake node there.
   */
  async clone(
    handle: Uint8Array,
    spec: CloneSpec,
    { channels, vif }: CloneRings = NO_RINGS,
  ): Promise<CloneResult> {
    return this.#native.clone(handle, spec, channels, vif);
  }

  /** Gives its memory back once the clones under way are made. Idempotent. */
  close(): void {
    this.#native.close();
  }
}
