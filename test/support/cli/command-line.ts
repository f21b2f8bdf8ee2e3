// SPDX-License-Identifier: Apache-2.0
// Runs a command line over an engine that only records its calls.

import type { Client, Engine } from '../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from './fake-engine.js';

/** Takes words, or one text that is cut at blanks. */
export async function commandLine(
  words: string | string[],
  change: { client?: Partial<Client>; engine?: Partial<Engine> } = {},
) {
  const { engine, calls } = fakeEngine(change.engine);
  const { client, out, err } = fakeClient(change.client);
  const argv = typeof words === 'string' ? words.split(' ') : words;
  const status = await runCommandLine(argv, client, engine);
  return { status, out: out(), err: err(), calls };
}
