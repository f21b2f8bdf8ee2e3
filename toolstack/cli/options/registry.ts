// SPDX-License-Identifier: Apache-2.0
// Reads the options of all commands that ask a registry: TLS and logins.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Client, RegistryOptions } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { stringOption, type Command, type Parsed } from '../command.js';
import { choice } from './values.js';

export const REGISTRY_OPTIONS: Command['options'] = {
  'tls-verify': { type: 'string', describe: 'false for a registry without TLS' },
  authfile: { type: 'string', describe: 'File with logins, as skopeo login writes it' },
};

/** Throws UsageError. */
export function registryOptions(parsed: Parsed, client: Client): RegistryOptions {
  return defined({ tlsVerify: tlsVerify(parsed), authFile: authFile(parsed, client) });
}

/** Returns true unless --tls-verify=false, as in skopeo and podman. */
export function tlsVerify(parsed: Parsed): boolean {
  const value = stringOption(parsed, 'tls-verify');
  return choice('--tls-verify', value, ['true', 'false'] as const) !== 'false';
}

/**
 * Returns the file of logins. Looks where skopeo and podman would look in the client's environment, which is not thawd's. A client without
 * thawd's rights to host files has none: skopeo reads it with root's.
 */
export function authFile(parsed: Parsed, { cwd, env, files }: Client): string | undefined {
  if (files) return undefined;
  const given = stringOption(parsed, 'authfile') ?? env['REGISTRY_AUTH_FILE'];
  if (given !== undefined && given !== '') return resolve(cwd, given);
  const { XDG_RUNTIME_DIR: folder = '' } = env;
  const path = join(folder, 'containers/auth.json');
  return folder !== '' && existsSync(path) ? path : undefined;
}
