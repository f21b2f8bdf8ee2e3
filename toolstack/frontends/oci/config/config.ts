// SPDX-License-Identifier: Apache-2.0
// What a bundle's config.json says (OCI runtime specification 1.2, config.md), as far as thaw looks at it: read with a limit, and checked.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import { absolute, list, object, string, strings, type JsonObject } from './fields.js';
import { configError, OciError } from '../errors.js';
import { checkHooks, type Hooks } from '../engine/hooks.js';

export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

export interface Namespace {
  type: string;
  path: string;
}

export interface BundleConfig {
  ociVersion: string;
  /** As it is, but for its checks. */
  process: JsonObject & { args: string[]; cwd: string; terminal: boolean };
  root: { path: string; readonly: boolean };
  mounts: Mount[];
  hostname: string;
  domainname: string;
  annotations: Record<string, string>;
  namespaces: Namespace[];
  cgroupsPath: string;
  resources: JsonObject;
  hooks: Hooks;
  /** For the guest's crun. */
  startContainer: unknown;
  linux: JsonObject;
}

/** A few hundred mounts and a long seccomp profile are some hundred KiB. */
const CONFIG_MAX = 4 * 1024 * 1024;

/** Rejects with ERR_OCI_CONFIG, naming the field. */
export async function readConfig(bundle: string): Promise<BundleConfig> {
  const path = join(bundle, 'config.json');
  let untrusted: unknown;
  try {
    untrusted = JSON.parse(await readAtMost(path));
  } catch (cause) {
    if (cause instanceof OciError) throw cause;
    throw new OciError('ERR_OCI_CONFIG', `Cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
  return checkConfig(untrusted);
}

async function readAtMost(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > CONFIG_MAX)
      throw new OciError('ERR_OCI_CONFIG', `${path} has ${size} bytes: ${CONFIG_MAX} are allowed`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Throws ERR_OCI_CONFIG, naming the field. Pure. */
export function checkConfig(untrusted: unknown): BundleConfig {
  const config = object(untrusted, 'the file');
  const ociVersion = string(config['ociVersion'], 'ociVersion');
  if (!/^1\.\d+\.\d+/.test(ociVersion)) throw configError('ociVersion', 'one of 1.x is wanted');
  const root = object(config['root'], 'root');
  const linux = object(config['linux'] ?? {}, 'linux');
  const annotations = object(config['annotations'] ?? {}, 'annotations');
  return {
    ociVersion,
    process: checkProcess(config['process']),
    root: { path: string(root['path'], 'root.path'), readonly: root['readonly'] === true },
    mounts: list(config['mounts'], 'mounts').map(checkMount),
    hostname: config['hostname'] === undefined ? '' : string(config['hostname'], 'hostname'),
    domainname:
      config['domainname'] === undefined ? '' : string(config['domainname'], 'domainname'),
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [key, string(value, `annotations.${key}`)]),
    ),
    namespaces: list(linux['namespaces'], 'linux.namespaces').map((item, index) => {
      const namespace = object(item, `linux.namespaces[${index}]`);
      const path = namespace['path'] ?? '';
      return {
        type: string(namespace['type'], `linux.namespaces[${index}].type`),
        path: path === '' ? '' : absolute(path, `linux.namespaces[${index}].path`),
      };
    }),
    cgroupsPath:
      linux['cgroupsPath'] === undefined ? '' : string(linux['cgroupsPath'], 'linux.cgroupsPath'),
    resources: object(linux['resources'] ?? {}, 'linux.resources'),
    hooks: checkHooks(config['hooks']),
    startContainer: object(config['hooks'] ?? {}, 'hooks')['startContainer'],
    linux,
  };
}

/** Throws ERR_OCI_CONFIG, naming the field. Pure. */
export function checkProcess(untrusted: unknown): BundleConfig['process'] {
  const process = object(untrusted, 'process');
  const args = strings(process['args'], 'process.args');
  if (args.length === 0) throw configError('process.args', 'a program is wanted');
  const cwd = absolute(process['cwd'], 'process.cwd');
  return {
    ...process,
    ...{ args, cwd },
    ...(process['env'] === undefined ? {} : { env: strings(process['env'], 'process.env') }),
    terminal: process['terminal'] === true,
  };
}

function checkMount(item: unknown, index: number): Mount {
  const field = `mounts[${index}]`;
  const mount = object(item, field);
  return {
    destination: absolute(mount['destination'], `${field}.destination`),
    type: mount['type'] === undefined ? '' : string(mount['type'], `${field}.type`),
    source: mount['source'] === undefined ? '' : string(mount['source'], `${field}.source`),
    options: mount['options'] === undefined ? [] : strings(mount['options'], `${field}.options`),
  };
}
