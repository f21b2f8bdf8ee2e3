// SPDX-License-Identifier: Apache-2.0
// The addon's raw exports, which tests can replace by a fake. Only the classes beside this file call them.

import type { FailureInfo } from './errors.js';
import type {
  CloneResult,
  CloneSpec,
  DataRange,
  DomainAccounting,
  DomainInfo,
  LogLevel,
  PeerCredentials,
  Physinfo,
  TrimResult,
  VersionInfo,
} from './types.js';

/** libxl_event as the addon passes it on. `watch` is the id given to domainDeathEnable. */
export interface RawEvent {
  watch: number;
  type: 'domain_shutdown' | 'domain_death';
  domid: number;
  shutdownReason: string;
}

/** One libxl context and its thread. Every promise rejects with the error made by the factory given to `initialize`. */
export interface NativeContext {
  /** Operations that can be aborted take an id chosen by the caller; `abort` takes the same id. */
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
  /** While `on`, the event loop stays alive for events, as if a call were running. */
  hold(on: boolean): void;
  abort(id: number): void;
  close(): Promise<void>;
}

/** One end of a vchan. All calls are non-blocking. After close() read and write throw. */
export interface NativeVchan {
  /** Returns the bytes that are ready (at most `max`), null when there are none now, undefined once the peer is gone and the ring empty. */
  read(max: number): Buffer | null | undefined;
  /** Writes from `offset` on and returns how many bytes fit now; undefined when the peer is gone. */
  write(data: Uint8Array, offset: number): number | undefined;
  /** Returns 0 when the peer is gone, 1 when open, 2 for a server without a client yet. */
  state(): number;
  /** Tells the peer that no more data comes, and keeps the ring readable. */
  shutdown(): void;
  /** Keeps the event loop alive while `on`. */
  ref(on: boolean): void;
  /** Unmaps the ring at once. A server's xenstore nodes are removed off the event loop. Idempotent. */
  close(): void;
}

/** A template ready to be copied. After close() clone throws. */
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

/** A watch on one network namespace. It keeps no event loop alive. */
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
  netlinkSend(protocol: number, messages: Uint8Array): Promise<void>;
  routeWatch(path: string, ignored: string, onEvent: () => void): Promise<NativeRouteWatch>;
  peerCredentials(fd: number): PeerCredentials;
  copySparse(from: string, to: string): Promise<void>;
  nextData(fd: number, from: number): Promise<DataRange | null>;
}
