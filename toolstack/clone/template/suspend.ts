// SPDX-License-Identifier: Apache-2.0
// How a domain whose agent has frozen becomes an image in memory, and how one that was only copied goes on.

import { fstat } from 'node:fs';
import { memfdCreate, trimStream, type TrimResult } from '../../../bindings/index.js';
import { Wake, XS_STATE, XS_WAKE } from '../../agent/wire.js';
import { withDeadline } from '../../base/deadline.js';
import { errorCode, ThawError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import { formatBytes } from '../../base/text.js';
import type { XenHost } from '../../xen/host.js';
import { writeLater } from '../../xen/records.js';
import { closeFd, reopenFd } from './memfd.js';

const SUSPEND_MS = 60_000;
/** For each GiB of a domain's memory, which is written whole. */
const SUSPEND_MS_PER_GIB = 60_000;
/** Until an agent that may go on has new channels. */
const WAKE_MS = 60_000;
const LOOK_MS = 2000;
const SIZE_LOOK_MS = 500;

/** What is written of a domain of that much memory: its pages, eight bytes more for each, records; and what xl may have given it besides. */
const streamBytesMost = (memoryKib: number): number => memoryKib * 1024 * 1.25 + 2 ** 28;

/** Calls `onLarge` when more is written to a file than a domain of that much memory has: its guest says which pages there are. */
function watchSize(fd: number, memoryKib: number, onLarge: (error: ThawError) => void) {
  const most = streamBytesMost(memoryKib);
  return setInterval(() => {
    fstat(fd, (error, stats) => {
      if (error || stats.size <= most) return;
      onLarge(
        new ThawError(
          'ERR_COPY',
          `Cannot copy its memory: its guest says that there is more of it than ${formatBytes(most)}`,
        ),
      );
    });
  }, SIZE_LOOK_MS);
}

/**
 * Suspends into `through`, a file that is the caller's, or else into a memory file, then writes the trimmed stream to `fd`. The
 * domain stays, suspended.
 */
export async function suspendInto(
  host: XenHost,
  domid: Domid,
  fd: number,
  memoryKib: number,
  through?: number,
): Promise<TrimResult> {
  const raw = through ?? memfdCreate('thaw-suspend');
  const large = new AbortController();
  const watch = watchSize(raw, memoryKib, (error) => large.abort(error));
  try {
    const timeoutMs = SUSPEND_MS + Math.ceil(memoryKib / 2 ** 20) * SUSPEND_MS_PER_GIB;
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), large.signal]);
    await withDeadline(
      host.libxl.domainSuspend(domid, raw, { signal }),
      timeoutMs + 5000,
      'Domain does not suspend',
    ).catch((error: unknown) => {
      large.signal.throwIfAborted();
      throw error;
    });
    const from = await reopenFd(raw, 'r');
    try {
      return await trimStream(from.fd, fd);
    } finally {
      await from.close();
    }
  } finally {
    clearInterval(watch);
    if (through === undefined) closeFd(raw);
  }
}

/** Copies a domain whose agent has frozen into a new memory file, which is the caller's. The domain stays, suspended. */
export async function copyDomain(
  host: XenHost,
  domid: Domid,
  memoryKib: number,
  through?: number,
): Promise<{ fd: number; bytes: number; dataPages: number }> {
  const fd = memfdCreate('thaw-copy');
  try {
    const { bytes, dataPages } = await suspendInto(host, domid, fd, memoryKib, through);
    return { fd, bytes, dataPages };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Lets a domain go on that was suspended to be copied, or whose freeze was cut short, as the one it was. Idempotent: one that
 * runs is only told so. Resolves once its agent serves; what does not come in time rejects.
 */
export async function goOn(host: XenHost, domid: Domid, uuid: string): Promise<void> {
  if (await isSuspended(host, domid, uuid)) await host.libxl.domainResume(domid);
  const base = `/local/domain/${domid}`;
  await writeLater(host, domid, uuid, [{ path: `${base}/${XS_WAKE}`, value: Wake.SAME }]);
  const deadline = performance.now() + WAKE_MS;
  for (;;) {
    const timeoutMs = Math.max(1, Math.min(LOOK_MS, deadline - performance.now()));
    try {
      await host.xenstore.waitFor(`${base}/${XS_STATE}`, isAwake, { timeoutMs });
      return;
    } catch (error) {
      if (errorCode(error) !== 'ERR_XENSTORE_TIMEOUT' || performance.now() >= deadline) throw error;
      // Whoever asked it to suspend may have been killed before it did.
      if (await isSuspended(host, domid, uuid)) await host.libxl.domainResume(domid);
    }
  }
}

function isAwake(state: string | undefined): boolean {
  return state !== 'frozen';
}

/** Whether a domain stands still: suspended, or with an agent that waits for its wake. Its thawd ended in the middle of a copy. */
export async function standsStill(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  const state = await host.xenstore.readIfExists(`/local/domain/${domid}/${XS_STATE}`);
  return state === 'frozen' || isSuspended(host, domid, uuid);
}

async function isSuspended(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  const domain = (await host.libxl.listDomains()).find((known) => known.domid === domid);
  return domain?.uuid === uuid && domain.shutdown && domain.shutdownReason === 'suspend';
}
