// SPDX-License-Identifier: Apache-2.0
// Lists everything in dom0 that thaw acquires, to compare before and after.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { Libxl } from '../../../bindings/index.js';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';
import { command, pidsOf, THAWD } from './thaw.js';

export interface Holdings {
  /** All of Xen's domains, dying ones included. */
  domains: string[];
  xenstoreNodes: string[];
  loopDevices: string[];
  mounts: string[];
  shims: number[];
  /** thawd has one spawner, which starts its shims. */
  spawners: number;
  libxlHelpers: number[];
  runFiles: string[];
  stateFiles: string[];
  /** Foreign pages that dom0's processes have mapped through gntdev or privcmd: a ring, or a leak. */
  mappings: string[];
  /** Empty when no thawd runs. */
  thawdDescriptors: Record<string, number>;
}

/** A mount below a folder of thaw's, or a stand-in's stats file system. /var/lib/thaw itself may be a disk of its own. */
const THAW_MOUNT = /^\S+ \/(run|var\/lib)\/thaw\/.|^\S+ \S+ fuse\.thaw /;

/** Reads everything, within a few seconds. */
export async function holdings(): Promise<Holdings> {
  const [pid] = pidsOf(THAWD);
  const libxl = await Libxl.open();
  const xenstore = await openXenstore();
  try {
    return {
      domains: (await libxl.listDomains()).map(
        (d) => `${d.domid} ${d.uuid}${d.dying ? ' dying' : ''}`,
      ),
      xenstoreNodes: await nodesOfDomains(xenstore),
      loopDevices: (await command('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE']))
        .split('\n')
        .filter((l) => l.includes('/thaw/')),
      mounts: readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .filter((line) => THAW_MOUNT.test(line)),
      shims: pidsOf(/thaw-shim (?!--spawner)/),
      spawners: pidsOf(/thaw-shim --spawner/).length,
      libxlHelpers: pidsOf(/libxl-save-helper/),
      runFiles: walk('/run/thaw'),
      stateFiles: walk('/var/lib/thaw').filter(
        (path) => !/\/(images|templates|disks)\//.test(path),
      ),
      mappings: foreignMappings(),
      thawdDescriptors: pid === undefined ? {} : descriptors(pid),
    };
  } finally {
    await xenstore.close();
    await libxl.close();
  }
}

/** Lists every node below the paths that belong to domains: names only, because values such as times differ. */
async function nodesOfDomains(xenstore: XenstoreClient): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    found.push(path);
    const names = await xenstore.directory(path).catch(() => []);
    for (const name of names) await visit(`${path}/${name}`);
  };
  for (const top of ['/local/domain', '/vm', '/libxl']) await visit(top);
  return found.filter((path) => !path.startsWith('/local/domain/0/device-model')).sort();
}

function walk(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .sort();
  } catch {
    return [];
  }
}

function foreignMappings(): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      // Xen's daemons map a page or two of each living domain. A destroyed domain with such pages would be a zombie in the list above.
      if (comm.startsWith('xen')) continue;
      for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
        if (/\/dev\/xen\/(gntdev|privcmd)|xen:grant/.test(line))
          found.push(`${comm}: ${line.split(/\s+/).slice(5).join(' ')}`);
      }
    } catch {
      // The process ended meanwhile.
    }
  }
  return found;
}

/** Counts a process's descriptors of each kind. */
function descriptors(pid: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const link of linksOf(pid)) {
    const kind = link.replace(/\d+/g, 'N');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function linksOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Asserts that dom0 has nothing that belongs to containers. */
export function isEmpty(t: ExecutionContext, found: Holdings): void {
  t.deepEqual(
    found.domains.map((line) => line.split(' ')[0]),
    ['0'],
  );
  t.deepEqual(
    found.xenstoreNodes.filter(
      (path) =>
        /^\/(vm|libxl)\/./.test(path) ||
        /^\/local\/domain\/[1-9]/.test(path) ||
        /^\/local\/domain\/0\/backend\/[^/]+\//.test(path),
    ),
    [],
  );
  t.deepEqual(found.loopDevices, []);
  t.deepEqual(found.mounts, []);
  t.deepEqual(found.shims, []);
  t.deepEqual(found.libxlHelpers, []);
  t.deepEqual(
    found.runFiles.filter((path) => path.includes('/sandboxes/')),
    [],
  );
  t.deepEqual(
    found.stateFiles.filter((path) => path.includes('/containers/')),
    [],
  );
  t.deepEqual(found.mappings, []);
}
