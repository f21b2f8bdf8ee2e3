// SPDX-License-Identifier: Apache-2.0
// Connects an OCI container's guest to the network namespace that its engine filled.

import { readlink } from 'node:fs/promises';
import { AgentType, decodeIndex } from '../../../agent/wire.js';
import { encodeNetlink } from '../../../agent/wire-guest.js';
import {
  namespaceDriver,
  type CarriedLink,
  type FollowedNamespace,
  type NamespaceGuest,
} from '../../../network/index.js';
import { plugVif, sweepVifs, unplugVif, vifName } from '../../../sandbox/devices/extra-vifs.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import type { SandboxServices } from '../../../sandbox/services.js';
import type { OciRecord } from '../container/record.js';
import { configError } from '../errors.js';

const ANSWER_MS = 60_000;

type Host = SandboxServices['host'];

/** The part of an OCI container that its network needs. */
interface Owner {
  readonly record: OciRecord;
  readonly isPausing: boolean;
  update(change: { links: CarriedLink[] }): Promise<void>;
}

export class GuestNetwork {
  readonly #container: Owner;
  readonly #namespace: FollowedNamespace;

  /** The container has a domain, and its stand-in is in the namespace. */
  constructor(host: Host, container: Owner, sandbox: Sandbox) {
    this.#container = container;
    const { pid } = container.record;
    this.#namespace = namespaceDriver.connect(guestOf(host, container, sandbox), { pid });
  }

  /** Rejects with ERR_OCI_CONFIG, and as FollowedNamespace.begin() does. */
  async begin(): Promise<void> {
    const { pid, state } = this.#container.record;
    if ((await readlink(`/proc/${pid}/ns/net`)) === (await readlink('/proc/self/ns/net')))
      throw configError('linux.namespaces', 'the network is dom0’s own');
    await this.#namespace.begin({ isNew: state === 'creating', isPaused: state === 'paused' });
  }

  changed(): void {
    this.#namespace.changed();
  }

  settled(): Promise<void> {
    return this.#namespace.reconcile();
  }

  close(): void {
    this.#namespace.close();
  }
}

function guestOf(host: Host, container: Owner, sandbox: Sandbox): NamespaceGuest {
  const { record } = container;
  return {
    label: `OCI container ${record.id}`,
    log: host.log,
    get links() {
      return record.links ?? [];
    },
    get isPaused() {
      return record.state === 'paused' || container.isPausing;
    },
    maySpoof: record.maySpoof === true,
    vif: (devid) => vifName(sandbox, devid),
    plug: (devid, mac) => plugVif(host, sandbox, devid, mac),
    unplug: (devid) => unplugVif(host, sandbox, devid),
    sweep: (known) => sweepVifs(host, sandbox, known),
    async netlink(devid, messages) {
      const agent = await sandbox.agent();
      const ask = (words: Buffer[]): Promise<Buffer> =>
        agent.request(AgentType.NETLINK, encodeNetlink(devid, words), 'its network', ANSWER_MS);
      await ask(messages(decodeIndex(await ask([]))));
    },
    async record(links, isClosed) {
      // create() writes the whole record at its end.
      if (record.state === 'creating' || isClosed) record.links = links;
      else await container.update({ links });
    },
    rename(first) {
      record.firstInterface = first;
    },
  };
}
