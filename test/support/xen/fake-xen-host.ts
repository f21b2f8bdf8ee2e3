// SPDX-License-Identifier: Apache-2.0
// A Xen host for unit tests: the calls of Libxl that thaw's upper layers use, on domains that live in a map.

import type {
  DomainAccounting,
  DomainEvent,
  DomainInfo,
  Physinfo,
} from '../../../bindings/index.js';
import { XenError } from '../../../bindings/errors.js';
import { silentLog } from '../../../toolstack/base/log.js';
import type { XenHost } from '../../../toolstack/xen/host.js';
import type { XenstoreClient } from '../../../xenstore/index.js';

export interface FakeDomain {
  domid: number;
  uuid: string;
  name: string;
  shutdown?: boolean;
  shutdownReason?: string;
  paused?: boolean;
}

export class FakeLibxl {
  readonly domains = new Map<number, FakeDomain>();
  /** Names of the calls made, with their arguments. */
  readonly calls: [string, ...unknown[]][] = [];
  readonly #listeners = new Map<number, Set<(event: DomainEvent) => void>>();
  physinfoResult: Pick<Physinfo, 'nrCpus' | 'totalMemKib' | 'freeMemKib'> & {
    capabilities: Partial<Physinfo['capabilities']>;
  } = {
    nrCpus: 4,
    totalMemKib: 4 * 2 ** 20,
    freeMemKib: 2 * 2 ** 20,
    capabilities: { pv: true, hap: true },
  };
  /** The effect of destroying a domain; by default it removes the domain at once. */
  onDestroy: (domid: number) => void = (domid) => void this.domains.delete(domid);
  /** The readiness of death watches. */
  watchReady: () => Promise<void> = () => Promise.resolve();

  add(domain: FakeDomain): void {
    this.domains.set(domain.domid, domain);
  }

  get openWatches(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  die(domid: number, event: DomainEvent): void {
    for (const listener of this.#listeners.get(domid) ?? []) listener(event);
  }

  physinfo(): Promise<Physinfo> {
    return Promise.resolve(this.physinfoResult as Physinfo);
  }

  listDomains(): Promise<DomainInfo[]> {
    return Promise.resolve([...this.domains.values()] as unknown as DomainInfo[]);
  }

  domainAccounting(domid: number): Promise<DomainAccounting> {
    const domain = this.domains.get(domid);
    if (domain === undefined) return Promise.reject(notFound('xc_domain_getinfo', domid));
    return Promise.resolve(domain as unknown as DomainAccounting);
  }

  domainInfo(domid: number): Promise<DomainInfo> {
    const domain = this.domains.get(domid);
    if (domain === undefined) return Promise.reject(notFound('libxl_domain_info', domid));
    return Promise.resolve({ paused: false, ...domain } as unknown as DomainInfo);
  }

  /** Destroys by libxl, with devices and records. */
  domainDestroy(domid: number): Promise<void> {
    return this.#destroy('domainDestroy', domid);
  }

  /** Destroys by Xen alone. */
  xcDomainDestroy(domid: number): Promise<void> {
    return this.#destroy('xcDomainDestroy', domid);
  }

  #destroy(call: string, domid: number): Promise<void> {
    this.calls.push([call, domid]);
    if (!this.domains.has(domid)) return Promise.reject(notFound(call, domid));
    this.onDestroy(domid);
    return Promise.resolve();
  }

  /** Writes a suspend's stream to the descriptor; the domain is already suspended. */
  onSuspend: (fd: number) => void = () => undefined;
  /** Runs after onSuspend, before the suspend resolves. */
  suspends: (signal?: AbortSignal) => Promise<void> = () => Promise.resolve();

  async domainSuspend(
    domid: number,
    fd: number,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<void> {
    this.calls.push(['domainSuspend', domid]);
    Object.assign(this.domains.get(domid) ?? {}, { shutdown: true, shutdownReason: 'suspend' });
    await Promise.resolve();
    this.onSuspend(fd);
    await this.suspends(signal);
  }

  domainResume(domid: number): Promise<void> {
    this.calls.push(['domainResume', domid]);
    Object.assign(this.domains.get(domid) ?? {}, { shutdown: false });
    return Promise.resolve();
  }

  domainPause(domid: number): Promise<void> {
    this.calls.push(['domainPause', domid]);
    return this.#setPaused(domid, true);
  }

  xcDomainUnpause(domid: number): Promise<void> {
    this.calls.push(['xcDomainUnpause', domid]);
    return this.#setPaused(domid, false);
  }

  #setPaused(domid: number, paused: boolean): Promise<void> {
    const domain = this.domains.get(domid);
    if (domain) domain.paused = paused;
    return Promise.resolve();
  }

  setMaxMemory(domid: number, kib: number): Promise<void> {
    this.calls.push(['setMaxMemory', domid, kib]);
    return Promise.resolve();
  }

  setPagingMempool(domid: number, bytes: number): Promise<void> {
    this.calls.push(['setPagingMempool', domid, bytes]);
    return Promise.resolve();
  }

  setVcpuOnline(domid: number, cpus: number[]): Promise<void> {
    this.calls.push(['setVcpuOnline', domid, cpus]);
    return Promise.resolve();
  }

  onDomainDeath(domid: number, listener: (event: DomainEvent) => void) {
    const set = this.#listeners.get(domid) ?? new Set();
    this.#listeners.set(domid, set.add(listener));
    return { ready: this.watchReady(), close: () => void set.delete(listener) };
  }
}

function notFound(op: string, domid: number): XenError {
  return new XenError({ reason: 'domain_notfound', op, rc: -21, domid });
}

/** Makes a host over that libxl, with `xenstore` where a test needs one (joinFake of support/xenstore.ts). */
export function fakeXenHost(libxl: FakeLibxl, xenstore?: XenstoreClient): XenHost {
  const version = {
    version: '4.20.0',
    changeset: 'none',
    capabilities: 'xen-3.0-x86_64',
    commandline: '',
  };
  // SAFETY: the code under test calls only the Libxl methods of the class above; another call is a TypeError in the test.
  return { libxl, xenstore, log: silentLog(), version } as unknown as XenHost;
}
