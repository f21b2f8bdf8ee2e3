// SPDX-License-Identifier: Apache-2.0
// Cloning by copying: the addon makes the domain and fills it, thaw writes what libxl would have written of it.

import { Image, type CloneSpec, type Physinfo } from '../../bindings/index.js';
import { asDomid } from '../base/ids.js';
import { Undo } from '../base/undo.js';
import { libxlConfig, MAX_GRANT_FRAMES, type DomainConfig } from '../xen/config.js';
import { destroyDomain } from '../xen/destroy.js';
import type { XenHost } from '../xen/host.js';
import { MAXMEM_SLACK_KIB, pagingPoolKib } from '../xen/memory.js';
import { consoleNodes, domainNodes } from '../xen/records.js';
import { changeStore } from '../xen/store-change.js';
import { writeUserdata } from '../xen/userdata.js';
import { parseUuid } from '../xen/uuid.js';
import {
  cloneConfig,
  wakeNode,
  type Clone,
  type CloneEngine,
  type CloneRequest,
} from './engine.js';
import type { GuestFiles } from './shape.js';
import type { Template } from './template.js';

export class CopyEngine implements CloneEngine {
  readonly #host: XenHost;
  readonly #guest: GuestFiles;
  readonly #physinfo: Physinfo;
  readonly #images = new WeakMap<Template, Promise<Image>>();

  constructor(host: XenHost, guest: GuestFiles, physinfo: Physinfo) {
    this.#host = host;
    this.#guest = guest;
    this.#physinfo = physinfo;
  }

  async clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Clone> {
    const image = await this.#image(template);
    const config = cloneConfig(this.#guest, template, request);
    return Undo.guard(this.#host.log, async (undo) => {
      const clone = await image.clone(parseUuid(config.uuid), this.#spec(config));
      const domid = asDomid(clone.domid);
      undo.push(`domain ${config.name}`, () => destroyDomain(this.#host, domid, config.uuid));
      signal?.throwIfAborted();
      const nodes = [...domainNodes(domid, config, clone), wakeNode(domid)];
      await Promise.all([
        changeStore(this.#host, (tx) => tx.writeAll(nodes)),
        writeUserdata(domid, config.uuid, libxlConfig(config)),
      ]);
      await this.#host.xenstore.introduce(domid, clone.storeFrame, clone.storePort);
      undo.disarm();
      // xenconsoled makes a pty of it: several milliseconds that no start should wait for.
      return { domid, later: consoleNodes(domid, clone) };
    });
  }

  /** Read once for each template, and given back with it. */
  #image(template: Template): Promise<Image> {
    const known = this.#images.get(template);
    if (known) return known;
    const opening = Image.open(template.fd);
    this.#images.set(template, opening);
    opening.catch(() => this.#images.delete(template));
    return opening;
  }

  /** What libxl would make such a domain with (libxl__domain_make, libxl__build_pre and its defaults). */
  #spec(config: DomainConfig): CloneSpec {
    const isPvh = config.type === 'pvh';
    return {
      flags: isPvh ? CDF_HVM | CDF_HAP : 0,
      maxVcpus: config.maxVcpus,
      maxEvtchnPort: 1023,
      maxGrantFrames: MAX_GRANT_FRAMES,
      maxMaptrackFrames: XENS_DEFAULT,
      grantVersion: this.#physinfo.capabilities.gnttabV2 ? 2 : 1,
      cpupool: 0,
      emulationFlags: isPvh ? EMU_LAPIC : 0,
      miscFlags: 0,
      maxKib: config.memoryKib + MAXMEM_SLACK_KIB,
      memmapKib: config.maxMemoryKib,
      poolBytes: pagingPoolKib(config.maxMemoryKib, config.maxVcpus) * 1024,
    };
  }
}

// XEN_DOMCTL_CDF_hvm and _hap, XEN_X86_EMU_LAPIC (xen/domctl.h, xen/arch-x86/xen.h).
const CDF_HVM = 1;
const CDF_HAP = 2;
const EMU_LAPIC = 1;
const XENS_DEFAULT = 0xffffffff;
