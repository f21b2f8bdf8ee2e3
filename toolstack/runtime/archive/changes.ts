// SPDX-License-Identifier: Apache-2.0
// thaw diff: lists the paths that a container has added, changed and deleted, from its guest's report on the writable layer.

import { ArchiveVerb } from '../../agent/wire-process.js';
import type { Change } from '../../api/engine.js';
import { CopyError } from '../../archive/errors.js';
import { useFiles } from './archive-process.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { withFileGuest } from './file-guest.js';

/** An honest guest sends fewer bytes. */
const BYTES_MAX = 64 * 2 ** 20;
const CHANGES_MAX = 1_000_000;

const KINDS: Record<string, Change['kind']> = { A: 'added', C: 'changed', D: 'deleted' };

/** The paths that every start makes or mounts. podman leaves them out too. */
const OWN = new Set(
  '/dev /proc /sys /run /etc/hosts /etc/hostname /etc/resolv.conf /etc/machine-id /etc/mtab /run/secrets'.split(
    ' ',
  ),
);

/** Resolves with the changes, sorted by path. Rejects as withFileGuest() and useFiles() do. */
export async function changesOf(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  signal: AbortSignal,
): Promise<Change[]> {
  const archive = { verb: ArchiveVerb.CHANGES, path: '', name: '' };
  return withFileGuest(services, manager, { key, verb: 'compare', signal }, (fileGuest) =>
    useFiles(fileGuest, archive, signal, async ({ output }) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let count = 0;
      for await (const chunk of output as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, at + 1)) count++;
        if (bytes > BYTES_MAX || count > CHANGES_MAX)
          throw new CopyError('The guest sends too many changes');
        chunks.push(chunk);
      }
      return parseChanges(Buffer.concat(chunks));
    }),
  );
}

/** Throws ERR_COPY for bytes that are no list of changes. */
export function parseChanges(untrusted: Buffer): Change[] {
  const changes = untrusted
    .toString('utf8')
    .split('\0')
    .slice(0, -1)
    .map((line) => {
      const kind = KINDS[line.slice(0, 1)];
      const path = line.slice(2);
      if (kind === undefined || line[1] !== ' ' || !path.startsWith('/'))
        throw new CopyError('The guest sends no list of changes');
      return { kind, path };
    });
  return changes
    .filter(({ path }) => !OWN.has(path))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
