// SPDX-License-Identifier: Apache-2.0
// Asks the question that podman asks before it removes something.

import type { Client } from '../../api/engine.js';
import { ThawError } from '../../base/errors.js';
import { flag, type Command, type Parsed } from '../command.js';

export const FORCE_OPTION: Command['options'] = {
  force: { type: 'boolean', short: 'f', describe: 'Do not ask' },
};

/** The greatest length of an answer, in characters. A longer answer is not read to its end. */
const MOST = 1000;

/** Resolves with true with --force, or when the client answers yes. Rejects with ERR_NO_ANSWER when the client's input ends before an answer. */
export async function confirm(warning: string, parsed: Parsed, client: Client): Promise<boolean> {
  if (flag(parsed, 'force')) return true;
  client.out(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  return /^\s*y/i.test(await answer(client));
}

async function answer(client: Client): Promise<string> {
  let text = '';
  for await (const chunk of client.input()) {
    text += chunk.toString('utf8');
    if (text.includes('\n') || text.length > MOST) return text;
  }
  if (text !== '') return text;
  client.out('\n');
  throw new ThawError(
    'ERR_NO_ANSWER',
    'Nothing was removed: standard input ended without an answer; use --force to remove without a question',
  );
}
