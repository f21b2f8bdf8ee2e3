// SPDX-License-Identifier: Apache-2.0
// Places in networks that CNI plugins make: a network namespace for each, what the plugins put into it, and what has to be undone, also after thawd
// was killed.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withDeadline } from '../../../base/deadline.js';
import { describeError } from '../../../base/errors.js';
import { removeTemporaries, writeAtomic } from '../../../base/files.js';
import type { Log } from '../../../base/log.js';
import type { AttachedPlace } from '../../attachment.js';
import { isLeased, pluginConfig, type CniList } from './list.js';
import { endPlugins, findPlugin, runPlugin, type PluginCall } from './plugin.js';
import { checkWish, nameServersOf, type CniWish } from './request.js';
import { NetworkError } from '../../errors.js';
import { readLinks, type NamespaceLink } from '../namespace/namespace.js';
import { isNamespace, makeNamespace, removeNamespace } from './own-namespace.js';

const CLOSE_MS = 5000;

/** What the plugins call the interface, and its guest, too. */
const INTERFACE = 'eth0';

/** What the plugins made, and the name servers that they know. */
export type CniPlace = Omit<AttachedPlace, 'nameGateways'> & { nameServers: string[] };

/** What was asked for, so that it can be undone. */
interface Asked {
  list: CniList;
  wish: CniWish;
  /** What the last plugin printed. */
  result?: unknown;
}

export class CniPlaces {
  readonly #folder: string;
  readonly #namespaces: string;
  readonly #programs: readonly string[];
  readonly #log: Log;
  readonly #going = new Map<string, Promise<void>>();

  /** `folder` keeps what has to be undone, `namespaces` the namespaces, `programs` are the folders with plugins. */
  constructor(
    { folder, namespaces, programs }: { folder: string; namespaces: string; programs: string[] },
    log: Log,
  ) {
    this.#folder = folder;
    this.#namespaces = namespaces;
    this.#programs = programs;
    this.#log = log;
  }

  /**
   * Has the plugins make a place called `id`. Rejects with ERR_NETWORK_CNI, ERR_NETWORK_LINK, ERR_NETWORK_TOOL, ERR_TIMEOUT; the plugins have then
   * been asked to take it back.
   */
  async add(id: string, network: string, list: CniList, wish: CniWish): Promise<CniPlace> {
    checkWish(network, list, wish);
    for (const { type } of list.plugins) await findPlugin(this.#programs, type);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#save(id, { list, wish });
    try {
      const namespace = this.#namespace(id);
      await makeNamespace(namespace);
      const call = this.#call(id, 'ADD', true);
      let result: unknown;
      for (const plugin of list.plugins) {
        const config = pluginConfig(list, plugin, wish, result);
        result = await runPlugin(this.#programs, plugin.type, call, config);
      }
      await this.#save(id, { list, wish, result });
      return {
        ...{ namespace, link: await this.#linkOf(network, namespace) },
        ...{ isLeased: isLeased(list), nameServers: nameServersOf(result) },
      };
    } catch (error) {
      await endPlugins(id);
      await this.remove(id);
      throw error;
    }
  }

  /** The plugins take it back, and its namespace goes. Idempotent; never rejects: what fails is logged, and tried again by the next thawd. */
  remove(id: string): Promise<void> {
    const going = (this.#going.get(id) ?? this.#remove(id)).finally(() => this.#going.delete(id));
    this.#going.set(id, going);
    return going;
  }

  /**
   * Begins to take back what a thawd left that was killed, but for those of `known`, and ends plugins that it was waiting for. Resolves when
   * they are known to be going. Never rejects.
   */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    if (names.length > 0) await removeTemporaries(this.#folder);
    for (const name of names) {
      const id = /^([0-9a-f]+)\.json$/.exec(name)?.[1];
      if (id === undefined || known.has(id)) continue;
      const going = endPlugins(id).then(() => this.#remove(id));
      this.#going.set(
        id,
        going.finally(() => this.#going.delete(id)),
      );
    }
  }

  /** Resolves when all that are going have gone, or after some seconds: the next thawd takes back the rest. */
  async close(): Promise<void> {
    const gone = Promise.all(this.#going.values());
    await withDeadline(gone, CLOSE_MS, 'CNI plugins do not end').catch((error: unknown) =>
      this.#log.warn(describeError(error)),
    );
  }

  /** Resolves when places of the list of that name have gone that are going, whose addresses and ports may be wanted. */
  async settled(name: string): Promise<void> {
    for (const [id, going] of [...this.#going]) {
      const asked = await this.#load(id).catch(() => undefined);
      if (!asked || asked.list.name === name) await going;
    }
  }

  async #remove(id: string): Promise<void> {
    try {
      const asked = await this.#load(id);
      if (!asked) return;
      await this.#undo(id, asked).finally(() => removeNamespace(this.#namespace(id)));
      await rm(this.#path(id), { force: true });
    } catch (error) {
      this.#log.error(`A place in a CNI network is not taken back: ${describeError(error)}`, {
        id,
      });
    }
  }

  /** All of them, last first (section 3). Rejects with the first failure. */
  async #undo(id: string, { list, wish, result }: Asked): Promise<void> {
    const call = this.#call(id, 'DEL', await isNamespace(this.#namespace(id)));
    const failures: unknown[] = [];
    for (const plugin of [...list.plugins].reverse()) {
      const config = pluginConfig(list, plugin, wish, result);
      await runPlugin(this.#programs, plugin.type, call, config).catch((error: unknown) =>
        failures.push(error),
      );
    }
    if (failures.length > 0) throw failures[0];
  }

  #call(containerId: string, command: PluginCall['command'], isThere: boolean): PluginCall {
    const namespace = isThere ? this.#namespace(containerId) : '';
    return { command, containerId, namespace, interfaceName: INTERFACE };
  }

  async #linkOf(network: string, namespace: string): Promise<NamespaceLink> {
    const { links } = await readLinks(namespace, (name) => name !== INTERFACE);
    const [link] = links;
    if (link) return link;
    throw new NetworkError(
      'ERR_NETWORK_CNI',
      `Cannot use network "${network}": its CNI plugins made no interface ${INTERFACE} that is up`,
    );
  }

  async #save(id: string, asked: Asked): Promise<void> {
    await writeAtomic(this.#path(id), `${JSON.stringify(asked)}\n`);
  }

  async #load(id: string): Promise<Asked | undefined> {
    const text = await readFile(this.#path(id), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Asked);
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #namespace(id: string): string {
    return join(this.#namespaces, id);
  }
}
