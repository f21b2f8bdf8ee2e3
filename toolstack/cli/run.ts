// SPDX-License-Identifier: Apache-2.0
// thaw run: a command in a new container, in the foreground.

import type { Client, DomainType, Engine, RunOptions } from '../api/engine.js';
import { errorMessage } from '../base/errors.js';
import { parseBytes } from '../base/text.js';
import { flag, stringList, stringOption, type Command, type Parsed } from './command.js';
import { UsageError } from './usage-error.js';

/** What both thaw run and thaw freeze take: what process it is, on which kind of domain, and where the image comes from. */
export const PROCESS_OPTIONS: Command['options'] = {
  tty: { type: 'boolean', short: 't', describe: 'Give the container a terminal' },
  env: {
    type: 'string',
    short: 'e',
    describe: 'Set K=V in its environment, or pass K on; may be repeated',
  },
  workdir: { type: 'string', short: 'w', describe: 'Folder to start in' },
  user: {
    type: 'string',
    short: 'u',
    describe: 'USER[:GROUP], names or numbers',
  },
  entrypoint: { type: 'string', describe: "Replace the image's entry point" },
  cpus: {
    type: 'string',
    describe: 'How many CPUs it may use, such as 2 or 0.5 (default 1)',
  },
  type: {
    type: 'string',
    describe: 'pv or pvh (default pvh where the host can)',
  },
  pull: {
    type: 'string',
    describe: 'When to pull: missing, always or never (default missing)',
  },
  'tls-verify': {
    type: 'string',
    describe: 'false to pull from a registry without TLS',
  },
};

export const runCommand: Command = {
  name: 'run',
  summary: 'Run a command in a new container',
  params: '[--frozen NAME | IMAGE [COMMAND [ARG...]]]',
  examples: [
    'thaw run --rm -it docker://docker.io/library/debian:13 bash',
    'echo data | thaw run --rm -i oci:./image:latest cat',
    'thaw run --name web --memory 512m --cpus 2 -e PORT=80 web:latest',
  ],
  options: {
    rm: { type: 'boolean', describe: 'Remove the container when it has ended' },
    interactive: { type: 'boolean', short: 'i', describe: 'Pass standard input to the container' },
    name: {
      type: 'string',
      describe: "The container's name, also its domain's",
    },
    ...PROCESS_OPTIONS,
    hostname: {
      type: 'string',
      short: 'h',
      describe: "The container's hostname",
    },
    memory: {
      type: 'string',
      short: 'm',
      describe: "The domain's memory, such as 64m or 1g (default 256m)",
    },
    frozen: {
      type: 'string',
      describe: 'Clone a frozen image (thaw freeze) in place of starting IMAGE',
    },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed: Parsed, client: Client, engine: Engine): Promise<number> {
    const outcome = await engine.run(runOptions(parsed, client), client);
    return outcome.joined ? 0 : outcome.status;
  },
};

/** `-i` and `-t`, which together want a terminal to take from. */
export function terminalOptions(
  parsed: Parsed,
  client: Client,
): { interactive: boolean; tty: boolean } {
  const interactive = flag(parsed, 'interactive');
  const tty = flag(parsed, 'tty');
  if (tty && interactive && !client.isTerminal.stdin) {
    throw new UsageError(
      'Cannot use --tty with --interactive: standard input is not a terminal; leave out -t',
    );
  }
  return { interactive, tty };
}

function runOptions(parsed: Parsed, client: Client): RunOptions {
  const [image = '', ...command] = parsed.positional;
  const frozen = stringOption(parsed, 'frozen');
  if (frozen !== undefined) checkFrozen(parsed, frozen);
  else if (image === '')
    throw new UsageError('thaw run takes an IMAGE, or --frozen NAME: see thaw run --help');
  const { interactive, tty } = terminalOptions(parsed, client);
  return {
    ...{ image, command, interactive, tty, rm: flag(parsed, 'rm'), env: stringList(parsed, 'env') },
    ...optional('frozen', frozen),
    ...optional('name', stringOption(parsed, 'name')),
    ...optional('workdir', stringOption(parsed, 'workdir')),
    ...optional('user', stringOption(parsed, 'user')),
    ...optional('entrypoint', stringOption(parsed, 'entrypoint')),
    ...optional('hostname', hostname(stringOption(parsed, 'hostname'))),
    ...optional('memoryBytes', bytes('--memory', stringOption(parsed, 'memory'))),
    ...optional('cpus', cpus(stringOption(parsed, 'cpus'))),
    ...optional('type', choice<DomainType>('--type', stringOption(parsed, 'type'), ['pv', 'pvh'])),
    pull: pullPolicy(parsed),
    tlsVerify: tlsVerify(parsed),
  };
}

/** A frozen image has its process already. */
function checkFrozen(parsed: Parsed, name: string): void {
  const fixed = ['workdir', 'user', 'entrypoint', 'pull', 'tls-verify'].find(
    (option) => stringOption(parsed, option) !== undefined,
  );
  const word =
    parsed.positional[0] ??
    (fixed ? `--${fixed}` : stringList(parsed, 'env').length > 0 ? '--env' : undefined);
  if (word !== undefined)
    throw new UsageError(
      `Cannot use ${word} with --frozen ${name}: image and process were fixed when it was frozen; freeze it anew`,
    );
}

export function pullPolicy(parsed: Parsed): RunOptions['pull'] {
  const policies = ['missing', 'always', 'never'] as const;
  return choice('--pull', stringOption(parsed, 'pull'), policies) ?? 'missing';
}

/** `--tls-verify=false` as skopeo and podman have it. */
export function tlsVerify(parsed: Parsed): boolean {
  return (
    (choice('--tls-verify', stringOption(parsed, 'tls-verify'), ['true', 'false'] as const) ??
      'true') === 'true'
  );
}

export function choice<T extends string>(
  option: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((a) => a === value);
  if (found === undefined)
    throw new UsageError(`Cannot use ${option} ${value}: ${allowed.join(', ')} are allowed`);
  return found;
}

function bytes(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  try {
    return parseBytes(option, value);
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}

export function cpus(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d*\.?\d+$/.test(value))
    throw new UsageError(`Cannot use --cpus ${value}: a number such as 2 or 0.5 is wanted`);
  return Number(value);
}

function hostname(value: string | undefined): string | undefined {
  if (value === undefined || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(value)) return value;
  throw new UsageError(
    `Cannot use --hostname ${value}: up to 63 letters, digits, "." and "-" are allowed`,
  );
}

/** An option that was not given is not there at all. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
