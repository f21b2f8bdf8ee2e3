// SPDX-License-Identifier: Apache-2.0
// Reads the limits that update's command line asks for.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Client } from '../../../api/client.js';
import { errorMessage } from '../../../base/errors.js';
import type { JsonObject } from '../config/fields.js';
import { OciError } from '../errors.js';
import { changesOf } from '../config/limits.js';
import { checkSchema } from '../config/schema/check.js';
import { validateResources } from '../config/schema/validators.js';
import type { OciLimits } from '../container/record.js';

const RESOURCES_MAX = 1024 * 1024;

/** Reads the limits from update's options, or from a file of linux.resources. Rejects with ERR_USAGE and ERR_OCI_CONFIG. */
export async function changeOf(
  options: Record<string, string>,
  client: Client,
): Promise<OciLimits> {
  const { resources } = options;
  if (resources !== undefined) return readResources(resources, client);
  const number = (name: string): number | undefined => {
    if (options[name] === undefined) return undefined;
    if (/^-?\d+$/.test(options[name])) return Number(options[name]);
    throw new OciError('ERR_USAGE', `--${name}: "${options[name]}" is no number`);
  };
  const cpu = { quota: number('cpu-quota'), period: number('cpu-period') };
  return changesOf({
    memory: { limit: number('memory') },
    cpu,
    pids: { limit: number('pids-limit') },
  });
}

async function readResources(path: string, client: Client): Promise<OciLimits> {
  const chunks: Buffer[] = [];
  if (path === '-') await readInput(client, chunks);
  const file = resolve(client.cwd, path);
  try {
    const text = path === '-' ? Buffer.concat(chunks).toString() : await readFile(file, 'utf8');
    const untrusted: unknown = JSON.parse(text);
    return changesOf(
      checkSchema<JsonObject | null>(validateResources, untrusted, 'linux.resources') ?? {},
    );
  } catch (cause) {
    if (cause instanceof OciError) throw cause;
    throw new OciError('ERR_OCI_CONFIG', `Cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
}

/** Reads the client's standard input. Rejects with ERR_OCI_CONFIG when it is too long to be resources. */
async function readInput(client: Client, chunks: Buffer[]): Promise<void> {
  let bytes = 0;
  for await (const chunk of client.input()) {
    bytes += chunk.length;
    if (bytes > RESOURCES_MAX)
      throw new OciError('ERR_OCI_CONFIG', `the resources have more than ${RESOURCES_MAX} bytes`);
    chunks.push(chunk);
  }
}
