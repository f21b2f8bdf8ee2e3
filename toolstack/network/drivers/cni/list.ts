// SPDX-License-Identifier: Apache-2.0
// What a CNI network configuration list says (CNI specification 1.0.0, section 1): which plugins in which order. Pure.

import type { CniWish } from './request.js';
import { NetworkError } from '../../errors.js';

export interface CniList {
  cniVersion: string;
  /** By which its plugins know the network; address plugins keep its addresses under it. */
  name: string;
  plugins: CniPlugin[];
}

/** One of them: what else is in it is its own. */
export interface CniPlugin {
  /** The program's name. */
  type: string;
  capabilities?: Record<string, unknown>;
  ipam?: unknown;
}

/** Names of programs and of what plugins make files of. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const VERSION = /^\d+\.\d+\.\d+$/;
const PLUGINS_MAX = 32;

/** Takes a list, or the configuration of one plugin, as in /etc/cni/net.d. Throws ERR_NETWORK_CNI, whose message begins with `what`. */
export function parseCniList(what: string, text: string): CniList {
  const refuse = (why: string): NetworkError =>
    new NetworkError('ERR_NETWORK_CNI', `Cannot use ${what}: ${why}`);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new NetworkError('ERR_NETWORK_CNI', `Cannot use ${what}: it is no JSON`, { cause });
  }
  if (!isObject(found)) throw refuse('an object is wanted, as in /etc/cni/net.d');
  const { cniVersion, name } = found;
  if (typeof cniVersion !== 'string' || !VERSION.test(cniVersion))
    throw refuse('"cniVersion" is wanted, such as "1.0.0"');
  if (typeof name !== 'string' || !NAME.test(name))
    throw refuse('"name" is wanted: letters, digits, "_", "." and "-", a letter or digit first');
  const plugins: unknown = 'plugins' in found ? found['plugins'] : [found];
  if (!Array.isArray(plugins) || plugins.length === 0 || plugins.length > PLUGINS_MAX)
    throw refuse(`"plugins" is wanted: a list of 1 to ${PLUGINS_MAX}`);
  for (const [index, plugin] of plugins.entries())
    if (!isPlugin(plugin))
      throw refuse(
        `plugin ${index + 1} has no "type" that is a program’s name, or odd "capabilities"`,
      );
  return { cniVersion, name, plugins: plugins as CniPlugin[] };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlugin(value: unknown): value is CniPlugin {
  if (!isObject(value)) return false;
  const { type, capabilities = {} } = value;
  return typeof type === 'string' && NAME.test(type) && isObject(capabilities);
}

/** Whether it does what is asked for under that name. */
export function hasCapability({ capabilities = {} }: CniPlugin, name: string): boolean {
  return capabilities[name] === true;
}

/** Whether its addresses are leased by DHCP, which goes on as long as they are had. */
export function isLeased({ plugins }: CniList): boolean {
  return plugins.some(({ ipam }) => isObject(ipam) && ipam['type'] === 'dhcp');
}

/** What only a runtime says to a plugin, and what only it reads. */
const RESERVED: readonly string[] = ['capabilities', 'runtimeConfig', 'prevResult'];

/** What a plugin of the list reads (section 2 and 5): its own part, what of the wish it is able to do, and what the one before it printed. */
export function pluginConfig(
  { cniVersion, name }: CniList,
  plugin: CniPlugin,
  wish: CniWish,
  previous: unknown,
): object {
  const able = Object.entries(wish).filter(([key]) => hasCapability(plugin, key));
  return {
    ...Object.fromEntries(Object.entries(plugin).filter(([key]) => !RESERVED.includes(key))),
    ...{ cniVersion, name },
    ...(able.length > 0 ? { runtimeConfig: Object.fromEntries(able) } : {}),
    ...(previous === undefined ? {} : { prevResult: previous }),
  };
}
