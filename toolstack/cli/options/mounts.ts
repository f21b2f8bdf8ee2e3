// SPDX-License-Identifier: Apache-2.0
// Reads --volume and --mount: host paths, volumes and tmpfs in a container.

import { posix, resolve } from 'node:path';
import type { Client, CreateOptions, MountOption } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { isName } from '../../base/names.js';
import { stringList, type Command, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';
import { bytes, nonEmpty } from './values.js';

export const MOUNT_OPTIONS: Command['options'] = {
  volume: {
    type: 'string',
    short: 'v',
    describe: '[SOURCE:]PATH[:OPTIONS], SOURCE a host path or volume; may be repeated',
  },
  mount: {
    type: 'string',
    describe: 'type=bind|volume|tmpfs,source=SOURCE,target=PATH; may be repeated',
  },
};

type Wanted = Pick<CreateOptions, 'mounts' | 'tmpfs'>;

/** Reads the mounts of a container. Throws UsageError. `tmpfs` has the mounts of --mount, but not those of --tmpfs. */
export function mountOptions(parsed: Parsed, client: Client): Wanted {
  const mounts = stringList(parsed, 'volume').map((value) => volume(value, client));
  const tmpfs: NonNullable<CreateOptions['tmpfs']> = [];
  for (const value of stringList(parsed, 'mount')) {
    const found = mount(value, client);
    if ('path' in found) tmpfs.push(found);
    else mounts.push(found);
  }
  return defined({
    mounts: nonEmpty(mounts),
    tmpfs: nonEmpty(tmpfs),
  });
}

function volume(value: string, client: Client): MountOption {
  const parts = value.split(':');
  const [first = '', second, words = ''] = parts;
  const [source, target] = second === undefined ? ['', first] : [first, second];
  if (parts.length > 3 || target === '' || (second !== undefined && source === ''))
    throw new UsageError(
      `Cannot use --volume ${value}: [SOURCE:]PATH[:OPTIONS] is wanted, such as data:/var/lib/data or /srv:/srv:ro`,
    );
  const isPath = /^[./]/.test(source);
  return {
    type: isPath ? 'bind' : 'volume',
    source: isPath ? resolve(client.cwd, source) : volumeName(`--volume ${value}`, source),
    destination: destination(`--volume ${value}`, target),
    ...flags(
      `--volume ${value}`,
      words.split(',').filter((word) => word !== ''),
    ),
  };
}

/** Returns the volume's name, which may have the same letters as a container's. An empty name means an anonymous volume. Throws UsageError. */
function volumeName(option: string, name: string): string {
  if (name === '' || isName(name)) return name;
  throw new UsageError(
    `Cannot use ${option}: a source is a path that begins with / or ., or a volume's name of letters, digits, "_", "." and "-"`,
  );
}

function destination(option: string, path: string): string {
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (path.startsWith('/') && clean !== '/') return clean;
  throw new UsageError(`Cannot use ${option}: an absolute path below / is wanted in the container`);
}

/** Mount options that the guest applies, and options accepted only for podman's sake. A guest has no use for SELinux labels. */
const KEPT = ['exec', 'noexec', 'suid', 'nosuid', 'dev', 'nodev', 'slave', 'rslave'];
const IGNORED = ['z', 'Z', 'rw', 'bind', 'rbind', 'private', 'rprivate', 'copy'];

function flags(
  option: string,
  words: readonly string[],
): Pick<MountOption, 'readOnly' | 'options' | 'noCopy'> {
  const allowed = ['ro', 'nocopy', ...KEPT, ...IGNORED];
  const wrong = words.find((word) => !allowed.includes(word));
  if (wrong !== undefined)
    throw new UsageError(
      `Cannot use ${option}: ${wrong} is not allowed; ${allowed.join(', ')} are`,
    );
  return defined({
    readOnly: words.includes('ro'),
    options: words.filter((word) => KEPT.includes(word) && !isOverruled(word, words)),
    noCopy: words.includes('nocopy') || undefined,
  });
}

/** Returns true for a propagation mode that a later one overrules, as for mount(8). */
function isOverruled(word: string, words: readonly string[]): boolean {
  const isOne = (other: string): boolean => /^r?(private|slave)$/.test(other);
  return isOne(word) && words.findLast(isOne) !== word;
}

type Tmpfs = NonNullable<CreateOptions['tmpfs']>[number];

function mount(value: string, client: Client): MountOption | Tmpfs {
  const option = `--mount ${value}`;
  const given = new Map(
    value.split(',').map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part, 'true'] : [part.slice(0, at), part.slice(at + 1)];
    }),
  );
  const take = (...names: string[]): string | undefined => {
    const name = names.find((one) => given.has(one)) ?? '';
    const found = given.get(name);
    given.delete(name);
    return found;
  };
  const type = take('type') ?? 'volume';
  const target = destination(option, take('target', 'destination', 'dst') ?? '');
  const found =
    type === 'tmpfs'
      ? tmpfs(option, target, take)
      : bindOrVolume(option, type, target, take, client);
  const [stray] = given.keys();
  if (stray !== undefined)
    throw new UsageError(`Cannot use ${option}: a mount of type ${type} has no "${stray}"`);
  return found;
}

type Take = (...names: string[]) => string | undefined;

function bindOrVolume(
  option: string,
  type: string,
  target: string,
  take: Take,
  client: Client,
): MountOption {
  if (type !== 'bind' && type !== 'volume')
    throw new UsageError(`Cannot use ${option}: type bind, volume and tmpfs are allowed`);
  const source = take('source', 'src') ?? '';
  if (type === 'bind' && source === '')
    throw new UsageError(`Cannot use ${option}: a bind has a source`);
  const words = [
    ...(isTrue(option, take('readonly', 'ro')) ? ['ro'] : []),
    ...(isTrue(option, take('volume-nocopy')) ? ['nocopy'] : []),
    take('bind-propagation') ?? 'rprivate',
  ];
  return {
    type,
    destination: target,
    source: type === 'bind' ? resolve(client.cwd, source) : volumeName(option, source),
    ...flags(option, words),
  };
}

function tmpfs(option: string, target: string, take: Take): Tmpfs {
  const size = bytes(`${option}: tmpfs-size`, take('tmpfs-size'));
  const mode = take('tmpfs-mode');
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode))
    throw new UsageError(`Cannot use ${option}: tmpfs-mode is an octal number`);
  const options = [
    ...(isTrue(option, take('readonly', 'ro')) ? ['ro'] : []),
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
  return { path: target, options };
}

function isTrue(option: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new UsageError(`Cannot use ${option}: true or false is wanted in place of "${value}"`);
}
