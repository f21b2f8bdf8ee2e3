#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// How does a manifest become an initrd whose bytes depend on nothing but its entries?
// pack.mjs MANIFEST NAME=FILE... writes a newc cpio archive (Linux: Documentation/driver-api/early-userspace/buffer-format.rst) to
// standard output: entries in the manifest's order, inode numbers counted from 1, owner 0:0, times 0.
import { readFileSync, writeSync } from 'node:fs';

const TYPE = { dir: 0o040000, file: 0o100000, c: 0o020000, b: 0o060000 };
const TRAILER = 'TRAILER!!!';

class ManifestError extends Error {
  constructor(line, why) {
    super(`Cannot read the manifest, line ${line}: ${why}`);
    this.name = 'ManifestError';
  }
}

/** Parses a manifest into entries {kind, path, mode, source, major, minor}; throws ManifestError for anything it does not know. */
export function parseManifest(text) {
  const entries = [];
  const known = new Set(['/']);
  text.split('\n').forEach((line, index) => {
    const at = index + 1;
    const [type, path, mode, ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!type) return;
    const wants = { dir: 0, file: 1, node: 3 }[type];
    if (wants === undefined) throw new ManifestError(at, `"${type}" is not dir, file or node`);
    if (rest.length !== wants)
      throw new ManifestError(
        at,
        `${type} takes ${wants} words after the mode, got ${rest.length}`,
      );
    if (!/^(\/[^/\s]+)+$/.test(path))
      throw new ManifestError(at, `"${path}" is not an absolute path`);
    if (!/^[0-7]{4}$/.test(mode))
      throw new ManifestError(at, `"${mode}" is not a mode of four octal digits`);
    if (known.has(path)) throw new ManifestError(at, `${path} comes twice`);
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!known.has(parent))
      throw new ManifestError(at, `${path} comes before its folder ${parent}`);
    if (type !== 'node') known.add(path);
    entries.push(entry(at, type, path, Number.parseInt(mode, 8), rest));
  });
  return entries;
}

function entry(at, type, path, mode, rest) {
  if (type === 'dir') return { kind: 'dir', path, mode };
  if (type === 'file') return { kind: 'file', path, mode, source: rest[0] };
  const [kind, major, minor] = [rest[0], Number(rest[1]), Number(rest[2])];
  if (kind !== 'c' && kind !== 'b') throw new ManifestError(at, `"${kind}" is not c or b`);
  if (!Number.isInteger(major) || !Number.isInteger(minor))
    throw new ManifestError(at, 'a device number is not a number');
  return { kind, path, mode, major, minor };
}

function record(inode, mode, links, data, device, name) {
  const nameBytes = Buffer.from(`${name}\0`);
  const numbers = [
    inode,
    mode,
    0,
    0,
    links,
    0,
    data.length,
    0,
    0,
    device[0],
    device[1],
    nameBytes.length,
    0,
  ];
  const header = Buffer.from(
    `070701${numbers.map((n) => n.toString(16).padStart(8, '0')).join('')}`,
  );
  return [header, nameBytes, padding(header.length + nameBytes.length), data, padding(data.length)];
}

function padding(length) {
  return Buffer.alloc((4 - (length % 4)) % 4);
}

/** Packs entries; `sources` maps a source's name to its bytes. Throws when a source is not given. */
export function packEntries(entries, sources) {
  const parts = entries.flatMap((e, index) => {
    const data = e.kind === 'file' ? sources.get(e.source) : Buffer.alloc(0);
    if (!data) throw new Error(`Cannot pack ${e.path}: no source named ${e.source} was given`);
    const device = e.kind === 'c' || e.kind === 'b' ? [e.major, e.minor] : [0, 0];
    return record(
      index + 1,
      TYPE[e.kind] | e.mode,
      e.kind === 'dir' ? 2 : 1,
      data,
      device,
      e.path.slice(1),
    );
  });
  return Buffer.concat([...parts, ...record(0, 0, 1, Buffer.alloc(0), [0, 0], TRAILER)]);
}

function main([manifest, ...pairs]) {
  const sources = new Map(
    pairs.map((pair) => {
      const cut = pair.indexOf('=');
      return [pair.slice(0, cut), readFileSync(pair.slice(cut + 1))];
    }),
  );
  const archive = packEntries(parseManifest(readFileSync(manifest, 'utf8')), sources);
  for (let done = 0; done < archive.length;) done += writeSync(1, archive, done);
}

if (import.meta.filename === process.argv[1]) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`pack.mjs: ${error.message}`);
    process.exitCode = 1;
  }
}
