// SPDX-License-Identifier: Apache-2.0
// Lists the names that a word of a command line may have: containers, images, pods, networks, volumes, frozen images.

import type { Engine } from '../../api/engine.js';
import type { Command } from '../command.js';

type Lister = (engine: Engine) => Promise<string[]>;

const containers: Lister = (engine) => Promise.resolve(engine.list(true).map(({ name }) => name));
const images: Lister = async (engine) => (await engine.images()).flatMap(({ names }) => names);
const frozen: Lister = async (engine) =>
  (await engine.templates()).flatMap(({ name = [] }) => name);
const pods: Lister = (engine) => Promise.resolve(engine.pods().map(({ name }) => name));
const networks: Lister = (engine) => Promise.resolve(engine.networks().map(({ name }) => name));
const volumes: Lister = (engine) => Promise.resolve(engine.volumes().map(({ name }) => name));

/** Options whose value is a name. */
const OPTIONS: Readonly<Record<string, Lister>> = {
  '--frozen': frozen,
  '--network': networks,
  '--pod': pods,
};

/** Nouns of the commands whose parameter is a NAME of one that exists. */
const NOUNS: Readonly<Record<string, Lister>> = {
  network: networks,
  pod: pods,
  volume: volumes,
  unfreeze: frozen,
};

/** Resolves with the names that may be the option's value; none where no thawd answers. */
export function namesForOption(option: string, engine: Engine): Promise<string[]> {
  return list(OPTIONS[option], engine);
}

/** Resolves with the names that may be the `index`-th word after the options; none where no thawd answers. */
export function namesForWord(command: Command, index: number, engine: Engine): Promise<string[]> {
  return list(listerOf(command, index), engine);
}

function listerOf({ name, params }: Command, index: number): Lister | undefined {
  // `[--frozen NAME | IMAGE [COMMAND [ARG...]]]`
  if (params.startsWith('[--')) return index === 0 ? images : undefined;
  const words = params.split(' ');
  const last = words.at(-1) ?? '';
  const word = words[index] ?? (/\.\.\.\]?$/.test(last) ? last : '');
  const [noun = '', verb = ''] = name.split(' ');
  if (/CONTAINER(?!:)/.test(word)) return containers;
  if (word.includes('IMAGE') || noun === 'images') return images;
  if (word.includes('POD')) return pods;
  return word.includes('NAME') && verb !== 'create' ? NOUNS[noun] : undefined;
}

async function list(lister: Lister | undefined, engine: Engine): Promise<string[]> {
  try {
    return (await lister?.(engine)) ?? [];
  } catch {
    // A shell has no use for an error while it completes.
    return [];
  }
}
