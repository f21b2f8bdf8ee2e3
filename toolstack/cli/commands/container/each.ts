// SPDX-License-Identifier: Apache-2.0
// Helps commands for any number of containers: selects the containers, and acts on all of them even when one fails.

import type { Client, ContainerState, Engine } from '../../../api/engine.js';
import { describeError, errorCode } from '../../../base/errors.js';
import { flag, type Command, type Parsed } from '../../command.js';
import { UsageError } from '../../options/usage-error.js';

export const ALL_OPTION: Command['options'] = {
  all: { type: 'boolean', short: 'a', describe: 'All containers whose state allows it' },
};

export const IGNORE_OPTION: Command['options'] = {
  ignore: { type: 'boolean', describe: 'A missing container is no error' },
};

/** Resolves with the given names, or with --all the names of all containers in one of `states`. Rejects with UsageError for neither and for both. */
export async function targets(
  command: string,
  parsed: Parsed,
  engine: Engine,
  states: readonly ContainerState[],
): Promise<string[]> {
  const isAll = flag(parsed, 'all');
  if (isAll === parsed.positional.length > 0)
    throw new UsageError(
      isAll
        ? `Cannot use --all with ${parsed.positional[0]}: name containers, or take all`
        : `thaw ${command} takes CONTAINER..., or --all: see thaw ${command} --help`,
    );
  if (!isAll) return parsed.positional;
  await engine.look();
  return engine
    .list(true)
    .filter(({ state }) => states.includes(state))
    .map(({ name }) => name);
}

export interface EachOptions {
  /** Returns the exit status for a failure. The last failure counts. */
  failureStatus: (error: unknown) => number;
  /** True where a missing container is no failure. */
  ignoresMissing?: boolean;
}

/** Runs `act` for all names at once. Prints the names in their order, and a line on stderr for each failure. Resolves with the exit status. */
export async function forEach(
  names: readonly string[],
  client: Client,
  act: (name: string) => Promise<unknown>,
  { failureStatus, ignoresMissing = false }: EachOptions = { failureStatus: () => 125 },
): Promise<number> {
  let status = 0;
  const acts = names.map((name) => act(name));
  const results = await Promise.allSettled(acts);
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') client.out(`${names[index]}\n`);
    else if (!(ignoresMissing && errorCode(result.reason) === 'ERR_CONTAINER_NOT_FOUND')) {
      client.err(`thaw: ${describeError(result.reason)}\n`);
      status = failureStatus(result.reason);
    }
  }
  return status;
}
