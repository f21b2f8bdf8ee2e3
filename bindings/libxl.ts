// SPDX-License-Identifier: Apache-2.0
// How a domain is made, changed and watched through libxl: typed, validated calls on one native context (docs/bindings.md).
// Each context has its own thread; calls on it run in order, and what libxl does synchronously (building) delays those behind it.

import { abortable } from './abortable.js';
import type { Abortable } from './abortable.js';
import { checkCpus, checkDomid, checkFd, checkSize, checkString, configText } from './args.js';
import { DeathWatch } from './death-watch.js';
import { XenError } from './errors.js';
import { loadNative } from './loader.js';
import type { NativeAddon, NativeContext, RawEvent } from './native.js';
import type {
  DomainAccounting,
  DomainEvent,
  DomainInfo,
  LogListener,
  Physinfo,
  VersionInfo,
} from './types.js';

export interface OpenOptions {
  /** Gets libxl's log, without its debug lines unless `debug`. */
  log?: LogListener;
  debug?: boolean;
}

/** A libxl context. Every method rejects with XenError; wrong arguments throw TypeError before anything native runs. */
export class Libxl {
  #context: NativeContext | undefined;
  readonly #watches = new Map<number, DeathWatch>();
  #lastId = 0;
  #closing: Promise<void> | undefined;

  private constructor() {}

  /** Opens a context. Rejects with ERR_XEN_NO_XEN where this is no Xen control domain. */
  static async open(options: OpenOptions = {}, native: NativeAddon = loadNative()): Promise<Libxl> {
    const self = new Libxl();
    const log = options.log ?? (() => {});
    // Refers to the watches alone: a context that nobody uses and that watches nothing can be collected.
    const watches = self.#watches;
    const onEvent = (event: RawEvent): void => watches.get(event.watch)?.deliver(event);
    self.#context = await native.openContext(log, onEvent, options.debug ?? false);
    return self;
  }

  /** libxl_domain_create_new: builds a domain and leaves it paused; resolves with its domid. */
  async domainCreateNew(config: string | object, options: Abortable = {}): Promise<number> {
    const text = configText(config);
    return this.#abortable(options, (context, id) => context.domainCreateNew(id, text));
  }

  /** libxl_domain_create_restore from a save stream at the descriptor's offset; leaves the domain paused. The descriptor stays the caller's. */
  async domainCreateRestore(
    config: string | object,
    fd: number,
    options: Abortable = {},
  ): Promise<number> {
    const text = configText(config);
    checkFd(fd);
    return this.#abortable(options, (context, id) => context.domainCreateRestore(id, text, fd));
  }

  /** libxl_domain_suspend: writes a save stream to the descriptor; the domain stays, shut down with reason suspend. */
  async domainSuspend(domid: number, fd: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    checkFd(fd);
    return this.#abortable(options, (context, id) => context.domainSuspend(id, domid, fd));
  }

  /** libxl_domain_resume. `cooperative` lets the guest see that its suspend was cancelled, which Linux supports. */
  async domainResume(
    domid: number,
    options: Abortable & { cooperative?: boolean } = {},
  ): Promise<void> {
    checkDomid(domid);
    const cooperative = options.cooperative ?? true;
    return this.#abortable(options, (context, id) => context.domainResume(id, domid, cooperative));
  }

  /** libxl_domain_destroy: ends the domain and removes its devices and xenstore nodes. */
  async domainDestroy(domid: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.domainDestroy(id, domid));
  }

  /** libxl_domain_shutdown: asks the guest through control/shutdown; resolves once asked, not once down. */
  async domainShutdown(domid: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.domainShutdown(id, domid));
  }

  async domainPause(domid: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.domainPause(id, domid));
  }

  async domainUnpause(domid: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.domainUnpause(id, domid));
  }

  /** libxl_set_vcpuonline: exactly these vCPUs are to be online; the guest must follow. */
  async setVcpuOnline(domid: number, cpus: number[], options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    checkCpus(cpus);
    return this.#abortable(options, (context, id) => context.setVcpuOnline(id, domid, cpus));
  }

  /** libxl_domain_rename; with `oldName` it fails unless that is the present name. */
  async domainRename(domid: number, oldName: string | null, newName: string): Promise<void> {
    checkDomid(domid);
    if (oldName !== null) checkString('old name', oldName);
    checkString('new name', newName);
    return this.#native().domainRename(domid, oldName, newName);
  }

  /** libxl_set_memory_target: the balloon's target; with `enforce` (the default) Xen's limit too. */
  async setMemoryTarget(
    domid: number,
    targetKib: number,
    options: { enforce?: boolean } = {},
  ): Promise<void> {
    checkDomid(domid);
    checkSize('memory target', targetKib);
    return this.#native().setMemoryTarget(domid, targetKib, options.enforce ?? true);
  }

  /** The balloon's target in KiB. */
  async getMemoryTarget(domid: number): Promise<number> {
    checkDomid(domid);
    return this.#native().getMemoryTarget(domid);
  }

  /** libxl_domain_setmaxmem: the limit the target may reach; needs the domain's libxl records. */
  async domainSetmaxmem(domid: number, maxKib: number): Promise<void> {
    checkDomid(domid);
    checkSize('maximum memory', maxKib);
    return this.#native().domainSetmaxmem(domid, maxKib);
  }

  /** All domains, dom0 and dying ones included. */
  async listDomains(): Promise<DomainInfo[]> {
    return this.#native().listDomains();
  }

  /** One domain. Rejects with ERR_XEN_DOMAIN_NOTFOUND when there is none. */
  async domainInfo(domid: number): Promise<DomainInfo> {
    checkDomid(domid);
    return this.#native().domainInfo(domid);
  }

  async physinfo(): Promise<Physinfo> {
    return this.#native().physinfo();
  }

  async versionInfo(): Promise<VersionInfo> {
    return this.#native().versionInfo();
  }

  /** libxl_retrieve_domain_configuration, as libxl's JSON. */
  async domainConfigFromDomid(domid: number, options: Abortable = {}): Promise<string> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.retrieveConfig(id, domid));
  }

  /** A config read by libxl and written back: what libxl understood of it. Rejects when it is none. */
  async domainConfigDefaults(config: string | object): Promise<string> {
    const text = configText(config);
    return this.#native().configDefaults(text);
  }

  /**
   * Calls `listener` when the domain shuts down and when it is gone; at once if it already is.
   * After `close()` no call comes. `ready` rejects when the watch could not be set.
   */
  onDomainDeath(domid: number, listener: (event: DomainEvent) => void): DeathWatch {
    checkDomid(domid);
    if (typeof listener !== 'function') throw new TypeError('Invalid listener: not a function');
    const context = this.#native();
    const id = ++this.#lastId;
    const forget = async (): Promise<void> => {
      this.#watches.delete(id);
      if (this.#context === undefined) return;
      context.hold(this.#watches.size > 0);
      await context.domainDeathDisable(id);
    };
    const watch = new DeathWatch(listener, context.domainDeathEnable(id, domid), forget);
    this.#watches.set(id, watch);
    context.hold(true);
    return watch;
  }

  /** xc_domain_destroy alone, for domains thaw tears down itself: no device or xenstore clean-up. */
  async xcDomainDestroy(domid: number): Promise<void> {
    checkDomid(domid);
    return this.#native().xcDomainDestroy(domid);
  }

  /** xc_domain_unpause alone, for domains without a device model: not even libxl's look at xenstore. */
  async xcDomainUnpause(domid: number): Promise<void> {
    checkDomid(domid);
    return this.#native().xcDomainUnpause(domid);
  }

  /** Page counts and paging pool, for accounting before memory grows. */
  async domainAccounting(domid: number): Promise<DomainAccounting> {
    checkDomid(domid);
    return this.#native().xcDomainAccounting(domid);
  }

  /** xc_set_paging_mempool_size: HVM and PVH only; must grow before memory does. */
  async setPagingMempool(domid: number, bytes: number): Promise<void> {
    checkDomid(domid);
    checkSize('paging pool', bytes);
    return this.#native().xcSetPagingMempool(domid, bytes);
  }

  /** xc_domain_setmaxmem: Xen's own limit in KiB, without libxl's records and slack. */
  async setMaxMemory(domid: number, maxKib: number): Promise<void> {
    checkDomid(domid);
    checkSize('maximum memory', maxKib);
    return this.#native().xcSetmaxmem(domid, maxKib);
  }

  /** Aborts what is in flight (it rejects with ERR_XEN_ABORTED, or finishes), waits for it, frees the context. Idempotent. */
  close(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    this.#watches.clear();
    this.#closing ??= context?.close() ?? Promise.resolve();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #native(): NativeContext {
    if (this.#context !== undefined) return this.#context;
    throw new XenError({
      reason: 'CLOSED',
      op: 'libxl',
      rc: 0,
      hint: 'the context is closed, open another',
    });
  }

  #abortable<T>(
    options: Abortable,
    start: (context: NativeContext, id: number) => Promise<T>,
  ): Promise<T> {
    const context = this.#native();
    const id = ++this.#lastId;
    return abortable(
      options.signal,
      () => start(context, id),
      () => context.abort(id),
    );
  }
}
