// SPDX-License-Identifier: Apache-2.0
// Makes attachments to networks of CNI plugins: each has a network namespace, which the plugins fill. Keeps a file for each attachment, so that
// the next thawd can undo the attachments of a killed one.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withDeadline } from '../../../base/deadline.js';
import { describeError } from '../../../base/errors.js';
import { removeTemporaries, writeAtomic } from '../../../base/files.js';
import type { Log } from '../../../base/log.js';
import type { AttachedNamespace } from '../../attachment.js';
import { NetworkError } from '../../errors.js';
import type { NamespaceLink } from '../../interface.js';
import { readLinks } from '../namespace/namespace.js';
import { isLeased, pluginConfig, type CniList, type CniRequest } from './list.js';
import { isNamespace, makeNamespace, removeNamespace } from './own-namespace.js';
import { endPlugins, findPlugin, runPlugin, type PluginCall } from './plugin.js';
import { checkRequest, nameServersOf } from './request.js';

const CLOSE_MS = 5000;

/** The interface's name in the namespace and in the guest. */
const INTERFACE = 'eth0';

export interface CniFolders {
  /** The folder for the attachments' files. */
  folder: string;
  /** The folder for the mounts of network namespaces. */
  namespaces: string;
  /** The folders with plugins, in the order of the search. */
  programs: readonly string[];
}

/** The namespace that the plugins filled, and the plugins' name servers. */
export type CniAttachment = AttachedNamespace & { nameServers: string[] };

/** The plugins' input; the plugins need it again to undo the attachment. */
interface Saved {
  list: CniList;
  request: CniRequest;
  /** The last plugin's result. */
  result?: unknown;
}

export class CniAttachments {
  readonly #folder: string;
  readonly #namespaces: string;
  readonly #programs: readonly string[];
  readonly #log: Log;
  /** By id, releases under way. */
  readonly #releasing = new Map<string, Promise<void>>();

  constructor({ folder, namespaces, programs }: CniFolders, log: Log) {
    this.#folder = folder;
    this.#namespaces = namespaces;
    this.#programs = programs;
    this.#log = log;
  }

  /**
   * Makes the attachment `id` with the plugins. Rejects with ERR_NETWORK_CNI, ERR_NETWORK_LINK, ERR_NETWORK_TOOL, ERR_TIMEOUT, after the plugins
   * have undone the attachment.
   */
  async add(
    id: string,
    network: string,
    list: CniList,
    request: CniRequest,
  ): Promise<CniAttachment> {
    checkRequest(network, list, request);
    for (const { type } of list.plugins) await findPlugin(this.#programs, type);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#save(id, { list, request });
    try {
      const path = this.#namespace(id);
      await makeNamespace(path);
      const call = this.#call(id, 'ADD', true);
      let result: unknown;
      for (const plugin of list.plugins) {
        const config = pluginConfig(list, plugin, request, result);
        result = await runPlugin(this.#programs, plugin.type, call, config);
      }
      await this.#save(id, { list, request, result });
      return {
        path,
        link: await this.#linkOf(network, path),
        isLeased: isLeased(list),
        nameServers: nameServersOf(result),
      };
    } catch (error) {
      await endPlugins(id);
      await this.remove(id);
      throw error;
    }
  }

  /** Undoes the attachment with the plugins, and removes its namespace. Idempotent. Never rejects: logs failures; the next thawd tries again. */
  remove(id: string): Promise<void> {
    const begun = this.#releasing.get(id) ?? this.#remove(id);
    const releasing = begun.finally(() => this.#releasing.delete(id));
    this.#releasing.set(id, releasing);
    return releasing;
  }

  /**
   * Kills the plugins that a killed thawd was running, then begins to undo its attachments, without those in `known`. Resolves when all these
   * releases have begun. Never rejects.
   */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    if (names.length > 0) await removeTemporaries(this.#folder);
    for (const name of names) {
      const id = /^([0-9a-f]+)\.json$/.exec(name)?.[1];
      if (id === undefined || known.has(id)) continue;
      const releasing = endPlugins(id).then(() => this.#remove(id));
      this.#releasing.set(
        id,
        releasing.finally(() => this.#releasing.delete(id)),
      );
    }
  }

  /** Resolves when all releases that have begun are done, or after some seconds: the next thawd finishes the rest. */
  async close(): Promise<void> {
    const released = Promise.all(this.#releasing.values());
    await withDeadline(released, CLOSE_MS, 'CNI plugins do not end').catch((error: unknown) =>
      this.#log.warn(describeError(error)),
    );
  }

  /** Resolves when all begun releases in the list of that name are done: a new attachment may need their addresses and ports. */
  async released(name: string): Promise<void> {
    for (const [id, releasing] of [...this.#releasing]) {
      const saved = await this.#load(id).catch(() => undefined);
      if (!saved || saved.list.name === name) await releasing;
    }
  }

  async #remove(id: string): Promise<void> {
    try {
      const saved = await this.#load(id);
      if (!saved) return;
      await this.#undo(id, saved).finally(() => removeNamespace(this.#namespace(id)));
      await rm(this.#path(id), { force: true });
    } catch (error) {
      this.#log.error(`An attachment to a CNI network is not released: ${describeError(error)}`, {
        id,
      });
    }
  }

  /** Calls DEL of all plugins, last first (section 3). Rejects with the first failure. */
  async #undo(id: string, { list, request, result }: Saved): Promise<void> {
    const call = this.#call(id, 'DEL', await isNamespace(this.#namespace(id)));
    const failures: unknown[] = [];
    for (const plugin of [...list.plugins].reverse()) {
      const config = pluginConfig(list, plugin, request, result);
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

  async #save(id: string, saved: Saved): Promise<void> {
    await writeAtomic(this.#path(id), `${JSON.stringify(saved)}\n`);
  }

  async #load(id: string): Promise<Saved | undefined> {
    const text = await readFile(this.#path(id), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    // Earlier versions of thaw called the request `wish`.
    const stored = JSON.parse(text) as Omit<Saved, 'request'> & Record<string, CniRequest>;
    const { wish, request = wish ?? {}, ...saved } = stored;
    return { ...saved, request };
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #namespace(id: string): string {
    return join(this.#namespaces, id);
  }
}
