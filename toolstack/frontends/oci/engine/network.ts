// SPDX-License-Identifier: Apache-2.0
// What an engine put into a container's network namespace, its guest has, now and when it changes: the same interfaces, addresses and routes.

import { readFile, readlink } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { AgentType, decodeIndex } from '../../../agent/wire.js';
import { encodeNetlink } from '../../../agent/wire-guest.js';
import { describeError } from '../../../base/errors.js';
import { Turns } from '../../../base/turns.js';
import {
  askingAddress,
  emptyMessages,
  findResolver,
  linkMessages,
  NetworkError,
  openResolver,
  readLinks,
  redirectLink,
  resolverMessages,
  setMtu,
  unsureOf,
  watchNamespace,
  type NamespaceLink,
} from '../../../network/index.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import { plugVif, sweepVifs, unplugVif, vifName } from '../../../sandbox/devices/vifs.js';
import type { CarriedNetwork, OciContainer } from '../container/container.js';
import type { CarriedLink } from '../container/record.js';
import { configError } from '../errors.js';

/** An engine makes an interface in some steps, one after the other. */
const SETTLE_MS = 50;
const ANSWER_MS = 60_000;
/** After a failure, and each further one twice as long. */
const AGAIN_MS = 1000;
const AGAIN_MOST_MS = 60_000;
/** Of all namespaces: each reading is some processes. */
const reading = new Turns(4);

type Host = SandboxServices['host'];

export class GuestNetwork implements CarriedNetwork {
  readonly #host: Host;
  readonly #container: OciContainer;
  readonly #sandbox: Sandbox;
  readonly #path: string;
  readonly #turns = new Turns(1);
  #watch: { close: () => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  /** What the guest reaches a name server in the namespace by; '' for none. */
  #resolver = '';
  #isStale = false;
  #isClosed = false;
  #failures = 0;

  /** Of a container that has a domain, and whose stand-in is in the namespace. */
  constructor(host: Host, container: OciContainer, sandbox: Sandbox) {
    this.#host = host;
    this.#container = container;
    this.#sandbox = sandbox;
    this.#path = `/proc/${container.record.pid}/ns/net`;
  }

  /** Resolves when the guest has what is there, and follows it then. Rejects with ERR_OCI_CONFIG, ERR_NETWORK_LINK, ERR_NETWORK_TOOL, and as the agent does. */
  async begin(): Promise<void> {
    const { pid, state, links } = this.#container.record;
    if ((await readlink(this.#path)) === (await readlink('/proc/self/ns/net')))
      throw configError('linux.namespaces', 'the network is dom0’s own');
    this.#watch = await watchNamespace(this.#path, () => {
      this.changed();
    });
    if (this.#isClosed) this.#watch.close();
    // Another thawd may have been ended in the middle.
    const known = (links ?? []).map(({ devid }) => devid);
    if (state !== 'creating') await sweepVifs(this.#host, this.#sandbox, known);
    // Who lets it go on says so here.
    if (state === 'paused') this.#isStale = true;
    else if (hasInterfaces(await readFile(`/proc/${pid}/net/dev`, 'utf8'))) await this.#carry();
  }

  /** Somebody may have changed it: the guest follows a little later. */
  changed(): void {
    if (this.#isClosed) return;
    this.#isStale = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#follow();
    }, SETTLE_MS).unref();
  }

  /** Resolves when the guest has what an engine has made up to now. Rejects as begin() does. */
  async settled(): Promise<void> {
    // What the kernel has said meanwhile is heard in this turn of the event loop.
    await turn();
    await this.#turns.run(() => Promise.resolve());
    if (this.#isStale) await this.#carry();
  }

  /** The namespace may end. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    this.#watch?.close();
  }

  #follow(): void {
    const { record, isPausing } = this.#container;
    // No agent of a paused domain answers; who lets it go on says that here.
    if (!this.#isStale || record.state === 'paused' || isPausing) return;
    this.#carry().then(
      () => (this.#failures = 0),
      (error: unknown) => {
        if (this.#isClosed) return;
        this.#host.log.warn(
          `The guest of OCI container ${record.id} does not have the network that its namespace has now: ${describeError(error)}`,
        );
        const againMs = Math.min(AGAIN_MS * 2 ** this.#failures++, AGAIN_MOST_MS);
        clearTimeout(this.#again);
        this.#again = setTimeout(() => {
          this.#follow();
        }, againMs).unref();
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

  /** Each of them, also where one cannot be; rejects then with why the first could not. */
  async #carryAll(): Promise<void> {
    const { links, own } = await reading.run(() => readLinks(this.#path, isVif));
    const prefix = vifName(this.#sandbox, 0).slice(0, -1);
    const foreign = own.find((name) => !name.startsWith(prefix));
    if (foreign !== undefined)
      throw new NetworkError(
        'ERR_NETWORK_LINK',
        `Cannot carry a network into two guests: ${foreign} of another one is in the namespace`,
      );
    const carried = [...(this.#container.record.links ?? [])];
    const errors: unknown[] = [];
    try {
      await this.#takeAway(carried, links);
      for (const link of links)
        await this.#give(carried, link, own).catch((error: unknown) => errors.push(error));
      await this.#giveResolver(carried);
    } finally {
      await this.#note(carried);
    }
    if (errors.length > 0) throw errors[0];
  }

  /** What is there no more: its vif goes, and the first, which every guest has, is free. */
  async #takeAway(carried: CarriedLink[], links: readonly NamespaceLink[]): Promise<void> {
    for (const one of [...carried]) {
      const { devid, link } = one;
      if (links.some(({ index }) => index === link.index)) continue;
      this.#resolver = '';
      if (devid > 0) await unplugVif(this.#host, this.#sandbox, devid);
      else await this.#say(devid, (index) => emptyMessages(index, link));
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
    const vif = vifName(this.#sandbox, devid);
    if (!known) {
      try {
        if (devid > 0) await plugVif(this.#host, this.#sandbox, devid, link.mac);
        const isThere = devid === 0 && present.includes(vif);
        await redirectLink(this.#path, link, { vif, isThere });
      } catch (error) {
        if (devid > 0) await unplugVif(this.#host, this.#sandbox, devid).catch(() => undefined);
        throw error;
      }
    } else if (known.link.mtu !== link.mtu) await setMtu(this.#path, vif, link.mtu);
    const one = known ?? { devid, link: unsureOf(undefined, link) };
    if (!known) carried.push(one);
    if (linkMessages(0, before, link).length === 0) return;
    if (before?.name !== link.name || before.mac !== link.mac) this.#resolver = '';
    one.link = unsureOf(before, link);
    await this.#say(devid, (index) => linkMessages(index, before, link));
    one.link = link;
    if (devid === 0) this.#container.record.firstInterface = link.name;
  }

  /** By one of the interfaces, as long as that has the address that it had. Without it a container has all but its names. Never rejects. */
  async #giveResolver(carried: readonly CarriedLink[]): Promise<void> {
    const { id, pid } = this.#container.record;
    const asking = carried.find(({ link }) => askingAddress(link) !== undefined);
    const address = asking && askingAddress(asking.link);
    if (!asking || !address || !(await findResolver(pid).catch(() => false))) return;
    const by = `${asking.link.index} ${asking.link.mac} ${address.address}`;
    if (by === this.#resolver) return;
    this.#resolver = by;
    try {
      await openResolver(this.#path, vifName(this.#sandbox, asking.devid), asking.link, address);
      await this.#say(asking.devid, (index) => resolverMessages(index, address));
    } catch (error) {
      if (!this.#isClosed)
        this.#host.log.warn(
          `The guest of OCI container ${id} does not reach the name server in its namespace: ${describeError(error)}`,
        );
    }
  }

  async #say(devid: number, messages: (index: number) => Buffer[]): Promise<void> {
    const agent = await this.#sandbox.agent();
    const ask = (words: Buffer[]): Promise<Buffer> =>
      agent.request(AgentType.NETLINK, encodeNetlink(devid, words), 'its network', ANSWER_MS);
    await ask(messages(decodeIndex(await ask([]))));
  }

  /** While it is made, whoever makes it writes all of it down. */
  async #note(links: CarriedLink[]): Promise<void> {
    const { record } = this.#container;
    if (record.state === 'creating' || this.#isClosed) record.links = links;
    else await this.#container.update({ links });
  }
}

/** Whether /proc/PID/net/dev has more than loopback. Pure. */
export function hasInterfaces(text: string): boolean {
  return [...text.matchAll(/^\s*([^\s:|]+):/gm)].some(([, name]) => name !== 'lo');
}

function freeDevid(carried: readonly CarriedLink[]): number {
  let devid = 0;
  while (carried.some((one) => one.devid === devid)) devid++;
  return devid;
}

/** What no engine makes: the end of a guest's interface. */
function isVif(name: string): boolean {
  return /^vif\d+\.\d+$/.test(name);
}
