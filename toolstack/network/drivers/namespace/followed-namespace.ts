// SPDX-License-Identifier: Apache-2.0
// Gives a guest the interfaces, addresses and routes of a network namespace, and follows their changes.

import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describeError } from '../../../base/errors.js';
import type { Log } from '../../../base/log.js';
import { Turns } from '../../../base/turns.js';
import { NetworkError } from '../../errors.js';
import type { NamespaceLink } from '../../interface.js';
import { emptyMessages, linkMessages, unsureOf } from './interface-state.js';
import { bindSender, readLinks, redirectLink, setMtu, watchNamespace } from './namespace.js';
import { senderKey } from './source-filters.js';
import { askingAddress, findResolver, openResolver, resolverMessages } from './resolver.js';

/** Gathers changes for this time: a container engine makes an interface in several steps. */
const GATHER_MS = 50;
/** The delay after a failure; each further failure doubles it. */
const RETRY_MS = 1000;
const RETRY_MOST_MS = 60_000;
/** Limits parallel readings of all namespaces: each reading starts several processes. */
const reading = new Turns(4);

/** An interface of the guest, and the namespace's interface that it copies. */
export interface CarriedLink {
  devid: number;
  link: NamespaceLink;
}

/** The guest's properties and methods that a followed namespace uses. */
export interface NamespaceGuest {
  /** The guest's name in log lines, such as "OCI container web". */
  readonly label: string;
  readonly log: Log;
  /** The links in the guest's record. */
  readonly links: readonly CarriedLink[];
  /** True when the domain is paused, or will be: no agent answers. The owner calls changed() when the domain runs again. */
  readonly isPaused: boolean;
  /** True when the guest may send from MACs and addresses that its interfaces do not have. */
  readonly maySpoof: boolean;
  /** dom0's name of the vif. */
  vif(devid: number): string;
  plug(devid: number, mac: string): Promise<void>;
  unplug(devid: number): Promise<void>;
  /** Unplugs all vifs but the first and those in `known`. */
  sweep(known: readonly number[]): Promise<void>;
  /** Sends the rtnetlink messages that `messages` makes for the guest's number of the interface. */
  netlink(devid: number, messages: (index: number) => Buffer[]): Promise<void>;
  /** Puts the links into the guest's record, and writes its file unless the namespace is closed. */
  record(links: CarriedLink[], isClosed: boolean): Promise<void>;
  /** The guest's first interface has this name from now on. */
  rename(first: string): void;
}

export class FollowedNamespace {
  readonly #guest: NamespaceGuest;
  readonly #pid: number;
  readonly #path: string;
  readonly #turns = new Turns(1);
  #watch: { close: () => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** The interface and address by which the guest reaches a name server in the namespace; '' for none. */
  #resolver = '';
  /** By devid, the key of the addresses from which the guest may send. Empty for the vifs of an earlier thawd. */
  readonly #bound = new Map<number, string>();
  #isStale = false;
  #isClosed = false;
  #failures = 0;

  constructor(guest: NamespaceGuest, pid: number) {
    this.#guest = guest;
    this.#pid = pid;
    this.#path = `/proc/${pid}/ns/net`;
  }

  /**
   * Resolves when the guest has the namespace's interfaces, and follows their changes from then on. `isNew` means that no earlier thawd can have
   * left vifs. With `isPaused`, the guest gets the interfaces after the next changed(). Rejects with ERR_NETWORK_LINK, ERR_NETWORK_TOOL, and as the
   * agent does.
   */
  async begin({ isNew, isPaused }: { isNew: boolean; isPaused: boolean }): Promise<void> {
    const known = this.#guest.links.map(({ devid }) => devid);
    this.#watch = await watchNamespace(this.#path, () => {
      this.changed();
    });
    if (this.#isClosed) this.#watch.close();
    if (!isNew) await this.#guest.sweep(known);
    if (isPaused) this.#isStale = true;
    else if (hasInterfaces(await readFile(`/proc/${this.#pid}/net/dev`, 'utf8')))
      await this.#carry();
  }

  /** Reports a possible change of the namespace: the guest follows after GATHER_MS. */
  changed(): void {
    if (this.#isClosed) return;
    this.#isStale = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#follow();
    }, GATHER_MS).unref();
  }

  /** Resolves when the guest has all changes that the container engine has made so far. Rejects as begin() does. */
  async reconcile(): Promise<void> {
    // Gives the watch a turn to report changes that the kernel has announced.
    await turn();
    await this.#turns.run(() => Promise.resolve());
    if (this.#isStale) await this.#carry();
  }

  /** Ends the watch, so that the namespace can end. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#watch?.close();
  }

  #follow(): void {
    if (!this.#isStale || this.#guest.isPaused) return;
    this.#carry().then(
      () => (this.#failures = 0),
      (error: unknown) => {
        if (this.#isClosed) return;
        const { log, label } = this.#guest;
        log.warn(
          `The guest of ${label} does not have the network that its namespace has now: ${describeError(error)}`,
        );
        const retryMs = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MOST_MS);
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => {
          this.#follow();
        }, retryMs).unref();
      },
    );
  }

  async #carry(): Promise<void> {
    await this.#turns.run(async () => {
      if (this.#isClosed) return;
      this.#isStale = false;
      await this.#carryAll().catch((error: unknown) => {
        this.#isStale = true;
        throw error;
      });
    });
  }

  /** Copies each interface to the guest, also after one has failed. Rejects with the first failure. */
  async #carryAll(): Promise<void> {
    const { links, own } = await reading.run(() => readLinks(this.#path, isVif));
    const prefix = this.#guest.vif(0).slice(0, -1);
    const foreign = own.find((name) => !name.startsWith(prefix));
    if (foreign !== undefined)
      throw new NetworkError(
        'ERR_NETWORK_LINK',
        `Cannot carry a network into two guests: ${foreign} of another guest is in the namespace`,
      );
    const carried = [...this.#guest.links];
    const errors: unknown[] = [];
    try {
      await this.#removeGone(carried, links);
      for (const link of links)
        await this.#give(carried, link, own).catch((error: unknown) => errors.push(error));
      await this.#giveResolver(carried);
    } finally {
      await this.#guest.record(carried, this.#isClosed);
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Unplugs the vifs of removed interfaces. The first vif, which every guest has, becomes free. */
  async #removeGone(carried: CarriedLink[], links: readonly NamespaceLink[]): Promise<void> {
    for (const one of [...carried]) {
      const { devid, link } = one;
      if (links.some(({ index }) => index === link.index)) continue;
      this.#resolver = '';
      if (devid > 0) await this.#guest.unplug(devid);
      else await this.#guest.netlink(devid, (index) => emptyMessages(index, link));
      carried.splice(carried.indexOf(one), 1);
    }
  }

  async #give(
    carried: CarriedLink[],
    link: NamespaceLink,
    present: readonly string[],
  ): Promise<void> {
    const known = carried.find((one) => one.link.index === link.index);
    const before = known?.link;
    const devid = known?.devid ?? freeDevid(carried);
    const vif = this.#guest.vif(devid);
    if (!known) {
      try {
        if (devid > 0) await this.#guest.plug(devid, link.mac);
        const isThere = devid === 0 && present.includes(vif);
        const { maySpoof } = this.#guest;
        await redirectLink(this.#path, link, { vif, isThere, maySpoof });
        this.#bound.set(devid, senderKey(link));
      } catch (error) {
        if (devid > 0) await this.#guest.unplug(devid).catch(() => undefined);
        throw error;
      }
    } else {
      if (known.link.mtu !== link.mtu) await setMtu(this.#path, vif, link.mtu);
      await this.#bind(devid, link);
    }
    const one = known ?? { devid, link: unsureOf(undefined, link) };
    if (!known) carried.push(one);
    if (linkMessages(0, before, link).length === 0) return;
    if (before?.name !== link.name || before.mac !== link.mac) this.#resolver = '';
    one.link = unsureOf(before, link);
    await this.#guest.netlink(devid, (index) => linkMessages(index, before, link));
    one.link = link;
    if (devid === 0) this.#guest.rename(link.name);
  }

  /** Lets the guest send from the link's present addresses alone. */
  async #bind(devid: number, link: NamespaceLink): Promise<void> {
    const key = senderKey(link);
    if (this.#guest.maySpoof || this.#bound.get(devid) === key) return;
    await bindSender(this.#path, this.#guest.vif(devid), link);
    this.#bound.set(devid, key);
  }

  /**
   * Opens the way to Docker's name server by one interface, and again when its address has changed. Without it, only name resolution fails.
   * Never rejects.
   */
  async #giveResolver(carried: readonly CarriedLink[]): Promise<void> {
    const asking = carried.find(({ link }) => askingAddress(link) !== undefined);
    const address = asking && askingAddress(asking.link);
    if (!asking || !address || !(await findResolver(this.#pid).catch(() => false))) return;
    const by = `${asking.link.index} ${asking.link.mac} ${address.address}`;
    if (by === this.#resolver) return;
    this.#resolver = by;
    try {
      await openResolver(this.#path, this.#guest.vif(asking.devid), asking.link, address);
      await this.#guest.netlink(asking.devid, (index) => resolverMessages(index, address));
    } catch (error) {
      const { log, label } = this.#guest;
      if (!this.#isClosed)
        log.warn(
          `The guest of ${label} does not reach the name server in its namespace: ${describeError(error)}`,
        );
    }
  }
}

/** True when /proc/PID/net/dev lists an interface besides loopback. Pure. */
export function hasInterfaces(text: string): boolean {
  return [...text.matchAll(/^\s*([^\s:|]+):/gm)].some(([, name]) => name !== 'lo');
}

function freeDevid(carried: readonly CarriedLink[]): number {
  let devid = 0;
  while (carried.some((one) => one.devid === devid)) devid++;
  return devid;
}

/** True for an interface that thaw made: the back end of a guest's vif. */
function isVif(name: string): boolean {
  return /^vif\d+\.\d+$/.test(name);
}
