// SPDX-License-Identifier: Apache-2.0
// Reads the values of a rule's keys. Each function throws an error that names the key and the values that are allowed. Pure.

import { parseBytes } from '../../base/text.js';
import { PATTERN_MAX } from './pattern.js';
import type { Limits } from './rule.js';

export type Table = Record<string, unknown>;

const ITEMS_MAX = 1000;

export function tableOf(what: string, value: unknown): Table {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Table;
  throw new Error(`${what}: a table is wanted`);
}

export function textOf(key: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && isPlain(value))) return value;
  throw new Error(`${key}: a text of 1 to ${PATTERN_MAX} printable characters is wanted`);
}

export function truthOf(key: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new Error(`${key}: true or false is wanted`);
}

export function listOf(key: string, value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length <= ITEMS_MAX && value.every(isPlain)) return value;
  throw new Error(
    `${key}: a list of at most ${ITEMS_MAX} texts of 1 to ${PATTERN_MAX} characters is wanted`,
  );
}

function isPlain(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= PATTERN_MAX &&
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(value)
  );
}

/** Reads ports such as 8080 and ranges such as "8000-8099". */
export function portsOf(value: unknown): [number, number][] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > ITEMS_MAX) throw wrongPorts();
  return value.map((item: unknown) => {
    const [, low = '', high = low] =
      /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(typeof item === 'number' ? String(item) : textItem(item)) ??
      [];
    const [first, last] = [Number(low), Number(high)];
    if (low === '' || first < 1 || last > 65_535 || first > last) throw wrongPorts();
    return [first, last];
  });
}

function textItem(item: unknown): string {
  return typeof item === 'string' ? item : '';
}

function wrongPorts(): Error {
  return new Error('ports: a list such as [8080, "9000-9099"] is wanted');
}

/** Reads memory, cpus, disk, containers and starts_per_minute. */
export function limitsOf(table: Table): Limits {
  const limits: Limits = {};
  const memoryBytes = bytes('memory', table['memory']);
  const diskBytes = bytes('disk', table['disk']);
  const cpus = number('cpus', table['cpus'], 0);
  const containers = number('containers', table['containers'], 0, true);
  const startsPerMinute = number('starts_per_minute', table['starts_per_minute'], 0, true);
  if (memoryBytes !== undefined) limits.memoryBytes = memoryBytes;
  if (diskBytes !== undefined) limits.diskBytes = diskBytes;
  if (cpus !== undefined) limits.cpus = cpus;
  if (containers !== undefined) limits.containers = containers;
  if (startsPerMinute !== undefined) limits.startsPerMinute = startsPerMinute;
  return limits;
}

function bytes(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw new Error(`${key}: a size such as "512m" is wanted`);
  return parseBytes(key, value);
}

function number(key: string, value: unknown, least: number, isWhole = false): number | undefined {
  if (value === undefined) return undefined;
  const isRight =
    typeof value === 'number' &&
    value >= least &&
    value <= 1e9 &&
    (!isWhole || Number.isInteger(value));
  if (isRight) return value;
  throw new Error(`${key}: a ${isWhole ? 'whole ' : ''}number of at least ${least} is wanted`);
}
