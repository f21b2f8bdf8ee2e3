// SPDX-License-Identifier: Apache-2.0
// Makes, changes and watches domains through libxl: typed, validated calls on one native context (docs/bindings.md). Each context has its own thread.
// Calls on a context run in order, and libxl's synchronous work (building) delays the calls behind it.

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
  /** Receives libxl's log, without its debug lines unless `debug`. */
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

  /** Opens a context. Rejects with ERR_XEN_NO_XEN on a host that is no Xen control domain. */
  static async open(options: OpenOptions = {}, native: NativeAddon = loadNative()): Promise<Libxl> {
    const self = new Libxl();
    const log = options.log ?? (() => {});
    // Holds only the watches: a context without references and without watches can then be collected.
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

  /** libxl_domain_create_restore from a save stream at the descriptor's offset; leaves the domain paused. The caller keeps the descriptor. */
  async domainCreateRestore(
    config: string | object,
    fd: number,
    options: Abortable = {},
  ): Promise<number> {
    const text = configText(config);
    checkFd(fd);
    return this.#abortable(options, (context, id) => context.domainCreateRestore(id, text, fd));
  }

  /** libxl_domain_suspend: writes a save stream to the descriptor. The domain remains, shut down with reason suspend. */
  async domainSuspend(domid: number, fd: number, options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    checkFd(fd);
    return this.#abortable(options, (context, id) => context.domainSuspend(id, domid, fd));
  }

  /** libxl_domain_resume. `cooperative` tells the guest that its suspend was cancelled, which Linux supports. */
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

  /** libxl_domain_shutdown: asks the guest through control/shutdown. Resolves once the request is made, not once the domain is down. */
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

  /** libxl_set_vcpuonline: asks the guest to have exactly these vCPUs online. The guest must cooperate. */
  async setVcpuOnline(domid: number, cpus: number[], options: Abortable = {}): Promise<void> {
    checkDomid(domid);
    checkCpus(cpus);
    return this.#abortable(options, (context, id) => context.setVcpuOnline(id, domid, cpus));
  }

  /** libxl_domain_rename. With `oldName` it fails unless that is the present name. */
  async domainRename(domid: number, oldName: string | null, newName: string): Promise<void> {
    checkDomid(domid);
    if (oldName !== null) checkString('old name', oldName);
    checkString('new name', newName);
    return this.#native().domainRename(domid, oldName, newName);
  }

  /** libxl_set_memory_target: sets the balloon's target; with `enforce` (the default) Xen's limit too. */
  async setMemoryTarget(
    domid: number,
    targetKib: number,
    options: { enforce?: boolean } = {},
  ): Promise<void> {
    checkDomid(domid);
    checkSize('memory target', targetKib);
    return this.#native().setMemoryTarget(domid, targetKib, options.enforce ?? true);
  }

  /** Returns the balloon's target in KiB. */
  async getMemoryTarget(domid: number): Promise<number> {
    checkDomid(domid);
    return this.#native().getMemoryTarget(domid);
  }

  /** libxl_domain_setmaxmem: sets the limit of the target. The domain needs libxl's records. */
  async domainSetmaxmem(domid: number, maxKib: number): Promise<void> {
    checkDomid(domid);
    checkSize('maximum memory', maxKib);
    return this.#native().domainSetmaxmem(domid, maxKib);
  }

  /** Lists all domains, dom0 and dying domains included. */
  async listDomains(): Promise<DomainInfo[]> {
    return this.#native().listDomains();
  }

  /** Returns one domain. Rejects with ERR_XEN_DOMAIN_NOTFOUND when it does not exist. */
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

  /** libxl_retrieve_domain_configuration: returns libxl's JSON. */
  async domainConfigFromDomid(domid: number, options: Abortable = {}): Promise<string> {
    checkDomid(domid);
    return this.#abortable(options, (context, id) => context.retrieveConfig(id, domid));
  }

  /** Lets libxl parse a config and returns it as libxl understood it, with defaults. Rejects when libxl cannot parse it. */
  async domainConfigDefaults(config: string | object): Promise<string> {
    const text = configText(config);
    return this.#native().configDefaults(text);
  }

  /**
   * Calls `listener` when the domain shuts down and when it is destroyed; at once if it already is. After `close()` no call comes. `ready` rejects
   * when the watch could not be set.
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

  /** xc_domain_destroy alone, for domains that thaw tears down itself: cleans up no devices and no xenstore nodes. */
  async xcDomainDestroy(domid: number): Promise<void> {
    checkDomid(domid);
    return this.#native().xcDomainDestroy(domid);
  }

  /** xc_domain_unpause alone, for domains without a device model: skips even libxl's look at xenstore. */
  async xcDomainUnpause(domid: number): Promise<void> {
    checkDomid(domid);
    return this.#native().xcDomainUnpause(domid);
  }

  /** Returns page counts and the paging pool, for accounting before memory grows. */
  async domainAccounting(domid: number): Promise<DomainAccounting> {
    checkDomid(domid);
    return this.#native().xcDomainAccounting(domid);
  }

  /** xc_set_paging_mempool_size, for HVM and PVH only. The pool must grow before the memory does. */
  async setPagingMempool(domid: number, bytes: number): Promise<void> {
    checkDomid(domid);
    checkSize('paging pool', bytes);
    return this.#native().xcSetPagingMempool(domid, bytes);
  }

  /** xc_domain_setmaxmem: sets Xen's own limit in KiB, without libxl's records and slack. */
  async setMaxMemory(domid: number, maxKib: number): Promise<void> {
    checkDomid(domid);
    checkSize('maximum memory', maxKib);
    return this.#native().xcSetmaxmem(domid, maxKib);
  }

  /** Aborts running operations (they reject with ERR_XEN_ABORTED, or finish), waits for them, and frees the context. Idempotent. */
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
