// SPDX-License-Identifier: Apache-2.0
// What the addon exports, raw: the seam where a fake can be put in its place. Only the classes beside this file call it.

import type { FailureInfo } from './errors.js';
import type {
  CloneResult,
  CloneSpec,
  DataRange,
  DomainAccounting,
  DomainInfo,
  LogLevel,
  Physinfo,
  TrimResult,
  VersionInfo,
} from './types.js';

/** libxl_event as the addon passes it on; `watch` is the id domainDeathEnable was given. */
export interface RawEvent {
  watch: number;
  type: 'domain_shutdown' | 'domain_death';
  domid: number;
  shutdownReason: string;
}

/** One libxl context and its thread. Every promise rejects with the error `initialize`'s factory made. */
export interface NativeContext {
  /** Operations that can be aborted take an id of the caller's choice; `abort` names it again. */
  domainCreateNew(id: number, configJson: string): Promise<number>;
  domainCreateRestore(id: number, configJson: string, fd: number): Promise<number>;
  domainSuspend(id: number, domid: number, fd: number): Promise<void>;
  domainResume(id: number, domid: number, cooperative: boolean): Promise<void>;
  domainDestroy(id: number, domid: number): Promise<void>;
  domainShutdown(id: number, domid: number): Promise<void>;
  domainPause(id: number, domid: number): Promise<void>;
  domainUnpause(id: number, domid: number): Promise<void>;
  setVcpuOnline(id: number, domid: number, cpus: number[]): Promise<void>;
  domainRename(domid: number, oldName: string | null, newName: string): Promise<void>;
  setMemoryTarget(domid: number, targetKib: number, enforce: boolean): Promise<void>;
  getMemoryTarget(domid: number): Promise<number>;
  domainSetmaxmem(domid: number, maxKib: number): Promise<void>;
  listDomains(): Promise<DomainInfo[]>;
  domainInfo(domid: number): Promise<DomainInfo>;
  physinfo(): Promise<Physinfo>;
  versionInfo(): Promise<VersionInfo>;
  retrieveConfig(id: number, domid: number): Promise<string>;
  configDefaults(configJson: string): Promise<string>;
  domainDeathEnable(watch: number, domid: number): Promise<void>;
  domainDeathDisable(watch: number): Promise<void>;
  xcDomainDestroy(domid: number): Promise<void>;
  xcDomainUnpause(domid: number): Promise<void>;
  xcDomainAccounting(domid: number): Promise<DomainAccounting>;
  xcSetPagingMempool(domid: number, bytes: number): Promise<void>;
  xcSetmaxmem(domid: number, maxKib: number): Promise<void>;
  /** While `on`, the event loop stays alive for events, as if a call were under way. */
  hold(on: boolean): void;
  abort(id: number): void;
  close(): Promise<void>;
}

/** One end of a vchan. All calls are non-blocking; after close() read and write throw. */
export interface NativeVchan {
  /** Bytes that were ready (at most `max`), null when there are none now, undefined once the peer is gone and the ring empty. */
  read(max: number): Buffer | null | undefined;
  /** How many bytes fit now, from `offset` on; undefined when the peer is gone. */
  write(data: Uint8Array, offset: number): number | undefined;
  /** 0 peer gone, 1 open, 2 server without a client yet. */
  state(): number;
  /** Tells the peer that nothing more comes, keeping the ring readable. */
  shutdown(): void;
  /** Keeps the event loop alive while `on`. */
  ref(on: boolean): void;
  /** Unmaps the ring at once; a server's xenstore nodes are removed off the event loop. Idempotent. */
  close(): void;
}

/** A template ready to be copied; after close() clone throws. */
export interface NativeImage {
  readonly type: 'pv' | 'pvh';
  readonly frames: number;
  readonly dataPages: number;
  clone(
    handle: Uint8Array,
    spec: CloneSpec,
    channels: Uint8Array,
    vif: Uint8Array,
  ): Promise<CloneResult>;
  close(): void;
}

/** Of one network namespace; it keeps no event loop alive. */
export interface NativeRouteWatch {
  /** No event comes afterwards. Idempotent. */
  close(): void;
}

export interface NativeAddon {
  initialize(makeError: (info: FailureInfo) => Error): void;
  openContext(
    onLog: (level: LogLevel, message: string) => void,
    onEvent: (event: RawEvent) => void,
    logDebug: boolean,
  ): Promise<NativeContext>;
  vchanConnect(domid: number, path: string, onEvent: () => void): Promise<NativeVchan>;
  vchanAttach(
    domid: number,
    ringRef: number,
    port: number,
    order: number,
    onEvent: () => void,
  ): Promise<NativeVchan>;
  vchanListen(
    domid: number,
    path: string,
    leftMin: number,
    rightMin: number,
    onEvent: () => void,
  ): Promise<NativeVchan>;
  trimStream(fdIn: number, fdOut: number): Promise<TrimResult>;
  memfdCreate(name: string): number;
  openImage(fd: number): Promise<NativeImage>;
  loopAttach(file: string, writable: boolean): Promise<string>;
  loopDetach(device: string): Promise<void>;
  linkJoin(name: string, bridge: string): Promise<void>;
  routeWatch(path: string, ignored: string, onEvent: () => void): Promise<NativeRouteWatch>;
  copySparse(from: string, to: string): Promise<void>;
  nextData(fd: number, from: number): Promise<DataRange | null>;
}
