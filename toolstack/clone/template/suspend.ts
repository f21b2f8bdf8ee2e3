// SPDX-License-Identifier: Apache-2.0
// Suspends a domain whose agent has frozen into a memory file, and resumes a domain that was only copied.

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
/** Time for each GiB of a domain's memory, all of which is written. */
const SUSPEND_MS_PER_GIB = 60_000;
/** Deadline for a resumed agent's new channels. */
const WAKE_MS = 60_000;
const LOOK_MS = 2000;
const SIZE_LOOK_MS = 500;

/** Bytes of a domain's stream: its pages and eight bytes more for each, records, and memory that xl may have added. */
const streamBytesMost = (memoryKib: number): number => memoryKib * 1024 * 1.25 + 2 ** 28;

/** Calls `onLarge` when a file grows beyond the stream of a domain with that much memory: a guest decides which pages it has. */
function watchSize(fd: number, memoryKib: number, onLarge: (error: ThawError) => void) {
  const most = streamBytesMost(memoryKib);
  return setInterval(() => {
    fstat(fd, (error, stats) => {
      if (error || stats.size <= most) return;
      onLarge(
        new ThawError(
          'ERR_COPY',
          `Cannot copy the memory of the domain: its guest reports more than ${formatBytes(most)}`,
        ),
      );
    });
  }, SIZE_LOOK_MS);
}

/**
 * Suspends into `through`, a file of the caller's, or else into a memory file, then writes the trimmed stream to `fd`. The domain stays
 * suspended.
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

/** Copies a domain whose agent has frozen into a new memory file, which the caller closes. The domain stays suspended. */
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
 * Resumes a domain that was suspended to be copied, or whose freeze was cut short. Idempotent: a running domain only gets its wake again.
 * Resolves once its agent serves. Rejects at the deadline.
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
      // An earlier thawd may have been killed between its request to suspend and the suspend.
      if (await isSuspended(host, domid, uuid)) await host.libxl.domainResume(domid);
    }
  }
}

function isAwake(state: string | undefined): boolean {
  return state !== 'frozen';
}

/** True for a domain that is suspended, or whose agent waits for its wake: its thawd was killed in the middle of a copy. */
export async function standsStill(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  const state = await host.xenstore.readIfExists(`/local/domain/${domid}/${XS_STATE}`);
  return state === 'frozen' || isSuspended(host, domid, uuid);
}

async function isSuspended(host: XenHost, domid: Domid, uuid: string): Promise<boolean> {
  const domain = (await host.libxl.listDomains()).find((known) => known.domid === domid);
  return domain?.uuid === uuid && domain.shutdown && domain.shutdownReason === 'suspend';
}
