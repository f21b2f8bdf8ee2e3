// SPDX-License-Identifier: Apache-2.0
// Cloning by libxl's own restore from the template's stream in memory: slower than copying, and the reference for it.

import { asDomid, type Domid } from '../base/ids.js';
import { libxlConfig } from '../xen/config.js';
import type { XenHost } from '../xen/host.js';
import type { CloneEngine, CloneRequest } from './engine.js';
import { reopenFd } from './memfd.js';
import type { GuestFiles } from './shape.js';
import type { Template } from './template.js';

export class RestoreEngine implements CloneEngine {
  readonly #host: XenHost;
  readonly #guest: GuestFiles;

  constructor(host: XenHost, guest: GuestFiles) {
    this.#host = host;
    this.#guest = guest;
  }

  async clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Domid> {
    const { kernel, initrd, cmdline } = this.#guest;
    const { type, vcpus: maxVcpus, memoryKib } = template.shape;
    const config = libxlConfig({
      ...{ name: request.name, uuid: request.uuid, type, kernel, initrd, cmdline },
      ...{ maxVcpus, onlineVcpus: 1, memoryKib, maxMemoryKib: request.maxMemoryKib },
    });
    const stream = await reopenFd(template.fd, 'r');
    try {
      return asDomid(
        await this.#host.libxl.domainCreateRestore(config, stream.fd, signal ? { signal } : {}),
      );
    } finally {
      await stream.close();
    }
  }
}
