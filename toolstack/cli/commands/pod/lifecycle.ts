// SPDX-License-Identifier: Apache-2.0
// thaw pod start, stop, restart, kill, pause, unpause, rm and prune. Each acts on a pod with all its containers.

import type { Client, Engine, PodSummary } from '../../../api/engine.js';
import { describeError, errorCode } from '../../../base/errors.js';
import { flag, stringOption, type Command, type Parsed } from '../../command.js';
import { UsageError } from '../../options/usage-error.js';
import { signal, whole } from '../../options/values.js';

const ALL: Command['options'] = {
  all: { type: 'boolean', short: 'a', describe: 'All pods' },
};
const TIME: Command['options'] = {
  time: {
    type: 'string',
    short: 't',
    describe: 'Seconds until its containers are killed, -1 for never (default their own, or 10)',
  },
};

type Act = (name: string, parsed: Parsed, client: Client, engine: Engine) => Promise<string>;

/** Makes a command for any number of pods, which prints the id of each. */
function forPods(
  verb: string,
  summary: string,
  options: Command['options'],
  act: Act,
  failureStatus: (error: unknown) => number = () => 125,
): Command {
  return {
    name: `pod ${verb}`,
    summary,
    params: 'POD...',
    examples: [`thaw pod ${verb} shop`, `thaw pod ${verb} --all`],
    options: { ...ALL, ...options },
    positionals: { min: 0, max: Infinity },
    failureStatus: 125,
    async run(parsed, client, engine) {
      let status = 0;
      const names = podTargets(verb, parsed, engine);
      const acts = names.map((name) => act(name, parsed, client, engine));
      for (const result of await Promise.allSettled(acts)) {
        if (result.status === 'fulfilled') {
          if (result.value !== '') client.out(`${result.value}\n`);
          continue;
        }
        client.err(`thaw: ${describeError(result.reason)}\n`);
        status = failureStatus(result.reason);
      }
      return status;
    },
  };
}

function podTargets(verb: string, parsed: Parsed, engine: Engine): string[] {
  const isAll = flag(parsed, 'all');
  if (isAll === parsed.positional.length > 0)
    throw new UsageError(
      isAll
        ? `Cannot use --all with ${parsed.positional[0]}: name pods, or take all`
        : `thaw pod ${verb} takes POD..., or --all: see thaw pod ${verb} --help`,
    );
  return isAll ? engine.pods().map(({ id }) => id) : parsed.positional;
}

function seconds(parsed: Parsed): number | undefined {
  return whole('--time', stringOption(parsed, 'time'), -1, 86_400);
}

export const podStartCommand = forPods(
  'start',
  "Start pods' domains, and all containers in them",
  {},
  (name, _parsed, client, engine) => engine.podStart(name, client),
);

export const podStopCommand = forPods(
  'stop',
  "Ask pods' containers to end, kill those that do not, and end the domains",
  TIME,
  (name, parsed, _client, engine) => engine.podStop(name, seconds(parsed)),
);

export const podRestartCommand = forPods(
  'restart',
  'Stop pods, and start them',
  TIME,
  async (name, parsed, client, engine) => {
    await engine.podStop(name, seconds(parsed));
    return engine.podStart(name, client);
  },
);

export const podKillCommand = forPods(
  'kill',
  "Send a signal to the processes of pods' containers",
  { signal: { type: 'string', short: 's', describe: 'Name or number (default KILL)' } },
  (name, parsed, _client, engine) =>
    engine.podKill(name, signal('--signal', stringOption(parsed, 'signal') ?? 'KILL')),
);

export const podPauseCommand = forPods(
  'pause',
  'Pause pods until thaw pod unpause',
  {},
  (name, _parsed, _client, engine) => engine.podPause(name),
);

export const podUnpauseCommand = forPods(
  'unpause',
  'Resume paused pods',
  {},
  (name, _parsed, _client, engine) => engine.podUnpause(name),
);

export const podRmCommand = forPods(
  'rm',
  'Remove pods with their containers',
  {
    force: {
      type: 'boolean',
      short: 'f',
      describe: 'Also remove running ones; a missing one is no error',
    },
    ignore: { type: 'boolean', short: 'i', describe: 'A missing pod is no error' },
    ...TIME,
  },
  async (name, parsed, _client, engine) => {
    const after = seconds(parsed);
    const force = flag(parsed, 'force') || after !== undefined;
    try {
      if (after !== undefined) await engine.podStop(name, after);
      return await engine.podRemove(name, force);
    } catch (error) {
      const isForgiven = force || flag(parsed, 'ignore');
      if (isForgiven && errorCode(error) === 'ERR_POD_NOT_FOUND') return '';
      throw error;
    }
  },
  // podman's status for a missing pod is 1.
  (error) => (errorCode(error) === 'ERR_POD_NOT_FOUND' ? 1 : 125),
);

export const podPruneCommand: Command = {
  name: 'pod prune',
  summary: 'Remove all pods that do not run',
  params: '',
  examples: ['thaw pod prune'],
  options: {},
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(_parsed, client, engine) {
    const isOver = ({ status, domid }: PodSummary): boolean =>
      domid === undefined && ['Created', 'Exited'].includes(status);
    for (const { id } of engine.pods().filter(isOver))
      client.out(`${await engine.podRemove(id, false)}\n`);
    return 0;
  },
};
