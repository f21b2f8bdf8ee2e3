// SPDX-License-Identifier: Apache-2.0
// Checks containers' names, finds a container by name or id, and invents names for containers without one.

import { randomInt } from 'node:crypto';
import { ContainerError } from '../errors.js';
import type { ContainerRecord } from './record.js';

/** The domain has the same name, so it must suit xl and xenstore. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

/** Throws ERR_USAGE for a name that no container can have. */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new ContainerError(
    'ERR_USAGE',
    `Cannot use the name "${name}": up to 63 letters, digits, "_", "." and "-" are allowed, a letter or digit first`,
  );
}

/** Returns a name such as `quiet-otter` that is not in use. */
export function inventName(isUsed: (name: string) => boolean): string {
  for (let round = 0; ; round++) {
    const plain = `${pick(ADJECTIVES)}-${pick(ANIMALS)}`;
    const name = round < 20 ? plain : `${plain}-${randomInt(10_000)}`;
    if (!isUsed(name)) return name;
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'plain';
}

const ADJECTIVES =
  'brisk calm clear cold deep dry early fair frosty glad keen light mild new quick quiet still swift warm white'.split(
    ' ',
  );
const ANIMALS =
  'auk bear crane eider ermine fox goose hare heron lynx marten moose otter owl plover seal stoat swan tern vole'.split(
    ' ',
  );

/** Finds a container by its name, its id or an unambiguous beginning of the id. Throws ERR_CONTAINER_NOT_FOUND. */
export function findRecord<T extends { record: ContainerRecord }>(
  all: Iterable<T>,
  key: string,
): T {
  const list = [...all];
  const exact = list.find(({ record }) => record.name === key || record.id === key);
  if (exact) return exact;
  const matches = /^[0-9a-f]+$/.test(key)
    ? list.filter(({ record }) => record.id.startsWith(key))
    : [];
  const [first, second] = matches;
  if (first && !second) return first;
  throw new ContainerError(
    'ERR_CONTAINER_NOT_FOUND',
    second
      ? `Cannot tell which container "${key}" is: several ids begin with it`
      : `No container is called "${key}": see thaw ps --all`,
  );
}
