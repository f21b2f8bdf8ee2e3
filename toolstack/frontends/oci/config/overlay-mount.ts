// SPDX-License-Identifier: Apache-2.0
// Finds the folders of dom0 that a container engine made a bundle's root filesystem of. Reads the kernel's list of mounts (proc(5),
// /proc/PID/mountinfo; Documentation/filesystems/overlayfs.rst). Pure.

import { defined } from '../../../base/defined.js';

export interface OverlayMount {
  /** Lower folders, the topmost first. Paths are absolute, as the container engine named them. */
  lower: string[];
  /** The folder that takes dom0's writes; undefined for a read-only mount. */
  upper?: string;
}

/**
 * Returns the layers of the overlay mounted at `path`, which is absolute and has no symlinks. `defaults` are options such as `metacopy=on` that hold
 * unless the mount names them. Throws RangeError with the reason where the mount cannot be split into layers.
 */
export function overlayAt(
  mountinfo: string,
  path: string,
  defaults: readonly string[] = [],
): OverlayMount {
  const mounts = mountinfo.split('\n').flatMap(parseLine);
  // The last of several mounts at one path hides the others.
  const mount = mounts.findLast(({ point }) => point === path);
  if (!mount) throw new RangeError(`nothing is mounted at ${path}`);
  if (mount.type !== 'overlay')
    throw new RangeError(`a file system of type ${mount.type} is mounted at ${path}, no overlay`);
  if (mount.root !== '/')
    throw new RangeError(`only ${mount.root} of an overlay is mounted at ${path}`);
  const within = mounts.slice(mounts.indexOf(mount) + 1);
  const below = within.find(({ point }) => point.startsWith(`${path}/`));
  if (below) throw new RangeError(`something is mounted below it, at ${below.point}`);
  const said = new Set(mount.options.map(([name]) => name));
  const silent = defaults.map(parseOption).filter(([name]) => !said.has(name));
  return foldersOf([...mount.options, ...silent]);
}

interface MountLine {
  /** The folder of the filesystem that is mounted. */
  root: string;
  point: string;
  type: string;
  options: [name: string, value: string | undefined][];
}

function parseLine(line: string): MountLine[] {
  const words = line.split(' ');
  const end = words.indexOf('-', 6);
  const [root, point] = [words[3], words[4]];
  const [type, options] = [words[end + 1], words[end + 3]];
  if (end < 0 || root === undefined || point === undefined) return [];
  if (type === undefined || options === undefined) return [];
  return [
    { root: octal(root), point: octal(point), type, options: options.split(',').map(parseOption) },
  ];
}

function parseOption(text: string): MountLine['options'][number] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), octal(text.slice(at + 1))];
}

/** With these options only the kernel that mounted the overlay can read its lower folders. */
const FOREIGN = ['userxattr', 'metacopy=on'];
/** On a read-only mount this option means only that redirects are followed. */
const FOREIGN_ABOVE = 'redirect_dir=on';

function foldersOf(options: MountLine['options']): OverlayMount {
  const of = (wanted: string): string[] =>
    options.flatMap(([name, value]) => (name === wanted && value !== undefined ? [value] : []));
  const lower = [...of('lowerdir').flatMap(splitList), ...of('lowerdir+')];
  const [upper] = of('upperdir').map(unescape);
  const foreign = options
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`))
    .find(
      (option) =>
        FOREIGN.includes(option) ||
        (option === FOREIGN_ABOVE && upper !== undefined) ||
        option.startsWith('datadir+='),
    );
  if (foreign !== undefined) throw new RangeError(`its overlay is mounted with ${foreign}`);
  if (lower.length === 0 || lower.includes(''))
    throw new RangeError('its overlay has folders for data alone');
  const relative = [...lower, ...(upper === undefined ? [] : [upper])].find(
    (folder) => !folder.startsWith('/'),
  );
  if (relative !== undefined)
    throw new RangeError(
      `its overlay has so many layers that folders are relative ("${relative}")`,
    );
  return { lower, ...defined({ upper }) };
}

/** Undoes the kernel's seq_escape() of blanks, commas, backslashes and the like. */
function octal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Splits as overlayfs splits lowerdir: a backslash makes the next colon or backslash part of a name. */
function splitList(list: string): string[] {
  const names = [''];
  for (const [, escaped, plain = ''] of list.matchAll(/\\(.)|(.)/gs)) {
    if (plain === ':') names.push('');
    else names.push(names.pop() + (escaped ?? plain));
  }
  return names;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
