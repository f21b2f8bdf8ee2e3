// SPDX-License-Identifier: Apache-2.0
// Reads a bundle's config.json (OCI runtime specification 1.2, config.md), checks it by the specification's schema, and fills in defaults.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.js';
import { OciError } from '../errors.js';
import type { JsonObject } from './fields.js';
import { hooksOf, type HookDocument, type Hooks } from './hooks.js';
import { checkSchema } from './schema/check.js';
import { validateConfig, validateProcess } from './schema/validators.js';

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

/** A process object with its defaults filled in; other fields are as the bundle has them (config.md, Process). */
export type ProcessSpec = JsonObject & { args: string[]; cwd: string; terminal: boolean };

export interface BundleConfig {
  ociVersion: string;
  process: ProcessSpec;
  root: { path: string; readonly: boolean };
  mounts: Mount[];
  hostname: string;
  domainname: string;
  annotations: Record<string, string>;
  namespaces: Namespace[];
  cgroupsPath: string;
  resources: JsonObject;
  hooks: Hooks;
  /** Hooks that the guest's crun runs. */
  startContainer: unknown;
  linux: JsonObject;
}

/** A few hundred mounts and a long seccomp profile take some hundred KiB. */
const CONFIG_MAX = 4 * 1024 * 1024;

/** Reads and checks the bundle's config.json. Rejects with ERR_OCI_CONFIG, naming the field. */
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

/** The fields that thaw reads, as schema/config.json takes them. */
interface ConfigDocument {
  ociVersion: string;
  process: ProcessDocument;
  root: { path: string; readonly?: boolean };
  mounts?: MountDocument[] | null;
  hostname?: string;
  domainname?: string;
  annotations?: Record<string, string> | null;
  hooks?: Record<string, HookDocument[] | null> | null;
  linux?: LinuxDocument | null;
}

type ProcessDocument = JsonObject & { args: string[]; cwd: string; terminal?: boolean };

interface MountDocument {
  destination: string;
  type?: string;
  source?: string;
  options?: string[] | null;
}

type LinuxDocument = JsonObject & {
  namespaces?: { type: string; path?: string }[] | null;
  cgroupsPath?: string;
  resources?: JsonObject | null;
};

/** Returns the config with its defaults. Throws ERR_OCI_CONFIG, naming the field. Pure. */
export function checkConfig(untrusted: unknown): BundleConfig {
  const config = checkSchema<ConfigDocument>(validateConfig, untrusted, '');
  const { ociVersion, root, hostname = '', domainname = '' } = config;
  const linux = config.linux ?? {};
  return {
    ociVersion,
    process: withDefaults(config.process),
    root: { path: root.path, readonly: root.readonly === true },
    mounts: (config.mounts ?? []).map(({ destination, type = '', source = '', options }) => {
      return { destination, type, source, options: options ?? [] };
    }),
    hostname,
    domainname,
    annotations: config.annotations ?? {},
    namespaces: (linux.namespaces ?? []).map(({ type, path = '' }) => ({ type, path })),
    cgroupsPath: linux.cgroupsPath ?? '',
    resources: linux.resources ?? {},
    hooks: hooksOf(config.hooks ?? {}),
    startContainer: config.hooks?.['startContainer'],
    linux,
  };
}

/** Returns the process object with its defaults. Throws ERR_OCI_CONFIG, naming the field. Pure. */
export function checkProcess(untrusted: unknown): ProcessSpec {
  return withDefaults(checkSchema<ProcessDocument>(validateProcess, untrusted, 'process'));
}

function withDefaults(process: ProcessDocument): ProcessSpec {
  return { ...process, terminal: process.terminal === true };
}
