// SPDX-License-Identifier: Apache-2.0
// Parses CNI network configuration lists (CNI specification 1.0.0, section 1), and makes each plugin's configuration from them. Pure.

import { defined } from '../../../base/defined.js';
import { NetworkError } from '../../errors.js';

export interface CniList {
  cniVersion: string;
  /** The network's name for its plugins; address plugins keep its addresses under it. */
  name: string;
  plugins: CniPlugin[];
}

/** A plugin's part of the list. It may have more fields, which only the plugin reads. */
export interface CniPlugin {
  /** The name of the plugin's program. */
  type: string;
  capabilities?: Record<string, unknown>;
  ipam?: unknown;
}

/** The capabilities that a runtime may request from plugins, each with its value for one container (CNI conventions). */
export interface CniRequest {
  portMappings?: { hostPort: number; containerPort: number; protocol: string; hostIP?: string }[];
  ips?: string[];
  mac?: string;
}

/** The pattern of plugins' and networks' names: the first name programs, the second become file names of plugins. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const VERSION = /^\d+\.\d+\.\d+$/;
const PLUGINS_MAX = 32;

/** Parses a list, or the configuration of one plugin, in the format of /etc/cni/net.d. Throws ERR_NETWORK_CNI, whose message names `what`. */
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

/** True when the plugin declares that capability. */
export function hasCapability({ capabilities = {} }: CniPlugin, name: string): boolean {
  return capabilities[name] === true;
}

/** True when the addresses are DHCP leases, which a daemon renews during the attachment. */
export function isLeased({ plugins }: CniList): boolean {
  return plugins.some(({ ipam }) => isObject(ipam) && ipam['type'] === 'dhcp');
}

/** Keys that only the runtime sets or reads. */
const RESERVED: readonly string[] = ['capabilities', 'runtimeConfig', 'prevResult'];

/** Returns a plugin's input (sections 2 and 5): its own part, the requests for its capabilities, and the result of the plugin before it. */
export function pluginConfig(
  { cniVersion, name }: CniList,
  plugin: CniPlugin,
  request: CniRequest,
  previous: unknown,
): object {
  const able = Object.entries(request).filter(([key]) => hasCapability(plugin, key));
  return {
    ...Object.fromEntries(Object.entries(plugin).filter(([key]) => !RESERVED.includes(key))),
    cniVersion,
    name,
    ...(able.length > 0 ? { runtimeConfig: Object.fromEntries(able) } : {}),
    ...defined({ prevResult: previous }),
  };
}
