// SPDX-License-Identifier: Apache-2.0
// Reads --detach-keys: the keys that detach a terminal from a container, written as in podman and docker.

import type { Client } from '../../api/engine.js';
import { stringOption, type Command, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';

export const DETACH_OPTION: Command['options'] = {
  'detach-keys': {
    type: 'string',
    describe: 'Keys that detach from its terminal, "" for none (default ctrl-p,ctrl-q)',
  },
};

/** The launcher accepts no more keys. */
const MOST = 32;

/** Sets the client's keys. Throws UsageError. */
export function applyDetachKeys(parsed: Parsed, client: Client): void {
  const text = stringOption(parsed, 'detach-keys');
  if (text === undefined) return;
  const keys = text === '' ? [] : text.split(',').map((key) => keyCode(key));
  if (keys.length > MOST || keys.includes(undefined))
    throw new UsageError(
      `Cannot use --detach-keys ${text}: up to ${MOST} keys such as a or ctrl-a, with commas between, are allowed`,
    );
  client.detachKeys = Buffer.from(keys.map((key) => key ?? 0));
}

/** Returns the code of a key: a letter or sign, or ctrl- with a letter or one of @[\]^_. */
function keyCode(key: string): number | undefined {
  if (/^[!-~]$/.test(key)) return key.charCodeAt(0);
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  return letter === undefined ? undefined : letter.toUpperCase().charCodeAt(0) - 64;
}
