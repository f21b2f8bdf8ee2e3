// SPDX-License-Identifier: Apache-2.0
// Cloning by copying: the addon makes the domain and fills it, and thawd writes libxl's records of it: after the agent's hello where the
// clone has its rings made for it, before its wake where it must look into xenstore.

import { Image, type CloneResult, type CloneSpec, type Physinfo } from '../../../bindings/index.js';
import { ringsOf } from '../../agent/freeze-rings.js';
import { describeError } from '../../base/errors.js';
import { asDomid } from '../../base/ids.js';
import { Undo } from '../../base/undo.js';
import { MAX_GRANT_FRAMES, type DomainConfig } from '../../xen/config.js';
import { destroyDomain } from '../../xen/destroy.js';
import type { XenHost } from '../../xen/host.js';
import { MAXMEM_SLACK_KIB, pagingPoolKib } from '../../xen/memory.js';
import { consoleNodes, libxlNodes } from '../../xen/records.js';
import { parseUuid } from '../../xen/uuid.js';
import { keptVifNodes } from '../../xen/vif-kept.js';
import {
  checkThere,
  cloneConfig,
  wakeNode,
  type Clone,
  type CloneEngine,
  type CloneRequest,
} from './engine.js';
import { introduceClone, type Introduction } from './registration.js';
import type { Kept } from '../template/preconnected.js';
import type { GuestFiles } from '../template/shape.js';
import type { Template } from '../template/template.js';

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
      // A clone of a running container looks for its devices in xenstore as it resumes.
      const kept = template.running ? undefined : template.kept;
      const clone = await image
        .clone(parseUuid(config.uuid), this.#spec(config), kept?.rings)
        .catch(async (error: unknown) => {
          await this.#destroyLeft(config.uuid);
          throw error;
        });
      const domid = asDomid(clone.domid);
      undo.push(`domain ${config.name}`, () => destroyDomain(this.#host, domid, config.uuid));
      signal?.throwIfAborted();
      undo.disarm();
      const { storeFrame, storePort } = clone;
      const introduction = { config, storeFrame, storePort, vif: kept ? vifOf(kept, clone) : {} };
      return {
        domid,
        // xenconsoled makes a pty for the console, which takes several milliseconds: no start should wait for it.
        later: [...libxlNodes(domid, config, clone), ...consoleNodes(domid, clone)],
        ...(kept
          ? { rings: ringsOf(kept.rings, clone.controlPort, clone.dataPort), introduction }
          : {}),
        introduce: (devices) => {
          const more = kept ? devices : [wakeNode(domid), ...devices];
          return introduceClone(this.#host, domid, introduction, more);
        },
      };
    });
  }

  /** The addon destroys a domain that it could not complete, unless the same cause, such as a want of memory, also prevents that. */
  async #destroyLeft(uuid: string): Promise<void> {
    const domains = await this.#host.libxl.listDomains().catch(() => []);
    const left = domains.find((domain) => domain.uuid === uuid);
    if (!left) return;
    await destroyDomain(this.#host, asDomid(left.domid), uuid).catch((error: unknown) =>
      this.#host.log.error(
        `Domain ${left.domid} remains of a failed clone: ${describeError(error)}`,
      ),
    );
  }

  async forget(template: Template): Promise<void> {
    const image = this.#images.get(template);
    this.#images.delete(template);
    await image?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }

  /** Read once for each template, and released with it. */
  #image(template: Template): Promise<Image> {
    const known = this.#images.get(template);
    if (known) return known;
    checkThere(template);
    const opening = Image.open(template.fd);
    this.#images.set(template, opening);
    opening.catch(() => this.#images.delete(template));
    return opening;
  }

  /** The parameters with which libxl makes such a domain (libxl__domain_make, libxl__build_pre and its defaults). */
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

/** Pure. */
function vifOf({ vif }: Kept, { vifTxPort: tx, vifRxPort: rx }: CloneResult): Introduction['vif'] {
  return keptVifNodes(vif, { tx, rx });
}

// XEN_DOMCTL_CDF_hvm and _hap, XEN_X86_EMU_LAPIC (xen/domctl.h, xen/arch-x86/xen.h).
const CDF_HVM = 1;
const CDF_HAP = 2;
const EMU_LAPIC = 1;
const XENS_DEFAULT = 0xffffffff;
