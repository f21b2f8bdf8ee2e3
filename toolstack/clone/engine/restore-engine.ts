// SPDX-License-Identifier: Apache-2.0
// Cloning by libxl's own restore from the template's stream in memory: slower than copying, and the reference for it.

import type { StoreEntry } from '../../../xenstore/index.js';
import { asDomid } from '../../base/ids.js';
import { libxlConfig } from '../../xen/config.js';
import type { XenHost } from '../../xen/host.js';
import { changeStore } from '../../xen/store-change.js';
import {
  checkThere,
  cloneConfig,
  wakeNode,
  type Clone,
  type CloneEngine,
  type CloneRequest,
} from './engine.js';
import { reopenFd } from '../template/memfd.js';
import type { GuestFiles } from '../template/shape.js';
import type { Template } from '../template/template.js';

export class RestoreEngine implements CloneEngine {
  readonly #host: XenHost;
  readonly #guest: GuestFiles;

  constructor(host: XenHost, guest: GuestFiles) {
    this.#host = host;
    this.#guest = guest;
  }

  async clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Clone> {
    checkThere(template);
    const config = libxlConfig(cloneConfig(this.#guest, template, request));
    const stream = await reopenFd(template.fd, 'r');
    try {
      const domid = asDomid(
        await this.#host.libxl.domainCreateRestore(config, stream.fd, signal ? { signal } : {}),
      );
      const introduce = (devices: readonly StoreEntry[]): Promise<void> =>
        changeStore(this.#host, (tx) => tx.writeAll([...devices, wakeNode(domid)]));
      return { domid, later: [], introduce };
    } finally {
      await stream.close();
    }
  }

  forget(): Promise<void> {
    // Each clone reads the stream anew.
    return Promise.resolve();
  }
}
