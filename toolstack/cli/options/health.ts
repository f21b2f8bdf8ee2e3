// SPDX-License-Identifier: Apache-2.0
// Reads the --health options of a container, and defines thaw healthcheck run.

import type { CreateOptions, HealthCheck } from '../../api/engine.js';
import { stringOption, type Command, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';
import { duration, whole } from './values.js';

export const HEALTH_OPTIONS: Command['options'] = {
  'health-cmd': {
    type: 'string',
    describe: 'Shell command, or ["PROGRAM","ARG"], that exits with 0 if all is well',
  },
  'health-interval': {
    type: 'string',
    describe: 'Time between checks, or disable (default 30s)',
  },
  'health-timeout': { type: 'string', describe: 'Longest time of a check (default 30s)' },
  'health-retries': {
    type: 'string',
    describe: 'Failures in a row that make it unhealthy (default 3)',
  },
  'health-start-period': {
    type: 'string',
    describe: 'Time after the start in which failures do not count (default 0s)',
  },
};

/** Throws UsageError. */
export function healthOptions(parsed: Parsed): Pick<CreateOptions, 'health'> {
  const command = stringOption(parsed, 'health-cmd');
  const stray = Object.keys(HEALTH_OPTIONS).find((name) => parsed.options[name] !== undefined);
  if (command === undefined && stray !== undefined)
    throw new UsageError(`Cannot use --${stray} without --health-cmd`);
  if (command === undefined || command === 'none') return {};
  const interval = stringOption(parsed, 'health-interval');
  const health: HealthCheck = {
    command: argvOf(command),
    intervalMs: interval === 'disable' ? 0 : span(parsed, 'health-interval', 30_000),
    timeoutMs: span(parsed, 'health-timeout', 30_000),
    retries: whole('--health-retries', stringOption(parsed, 'health-retries'), 1, 1000) ?? 3,
    startPeriodMs: span(parsed, 'health-start-period', 0),
  };
  return { health };
}

function argvOf(text: string): string[] {
  if (text.trim() === '') throw new UsageError('Cannot use --health-cmd "": a command is wanted');
  if (!text.startsWith('[')) return ['/bin/sh', '-c', text];
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.length > 0 && words.every((w) => typeof w === 'string')) {
      if (words[0] === 'CMD-SHELL') return ['/bin/sh', '-c', words.slice(1).join(' ')];
      return words[0] === 'CMD' ? words.slice(1) : words;
    }
  } catch {
    // The error below also covers text that is not JSON.
  }
  throw new UsageError(`Cannot use --health-cmd ${text}: a list of words is wanted`);
}

function span(parsed: Parsed, name: string, byDefault: number): number {
  const value = stringOption(parsed, name);
  if (value === undefined) return byDefault;
  const ms = duration(value);
  if (ms !== undefined && (ms >= 1000 || (ms === 0 && byDefault === 0))) return ms;
  throw new UsageError(`Cannot use --${name} ${value}: a duration of 1s or more is wanted`);
}

export const healthcheckRunCommand: Command = {
  name: 'healthcheck run',
  summary: "Run a container's health check; the exit status is 1 when it fails",
  params: 'CONTAINER',
  examples: ['thaw healthcheck run web'],
  options: {},
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const isWell = await engine.checkHealth(parsed.positional[0] ?? '');
    if (!isWell) client.out('unhealthy\n');
    return isWell ? 0 : 1;
  },
};
