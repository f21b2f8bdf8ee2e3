// SPDX-License-Identifier: Apache-2.0
// Makes domains through the bindings, for tests that run in dom0: configs, a context that closes and domains that are destroyed afterwards.

import type { ExecutionContext } from 'ava';
import { randomUUID } from 'node:crypto';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Libxl } from '../../../bindings/index.js';
import type { DomainInfo } from '../../../bindings/index.js';
import { openXenstore, type XenstoreClient } from '../../../xenstore/index.js';
import { until } from '../within.js';

/** The folder of the guest's kernel, initrd and cmdline: THAW_TEST_GUEST. */
export const GUEST = process.env['THAW_TEST_GUEST'] ?? '/usr/lib/thaw/guest';

export type GuestType = 'pv' | 'pvh';
export const GUEST_TYPES: readonly GuestType[] = ['pv', 'pvh'];

let made = 0;

/** The beginning of the uuid of this process's domains: it identifies them even when xenstore has lost their names. */
const UUID_START = process.pid.toString(16).padStart(8, '7');

export function guestName(): string {
  return `thaw-bindings-${process.pid}-${made++}`;
}

/** libxl's JSON for a domain that boots thaw's kernel and agent. */
export function guestConfig(
  type: GuestType,
  options: { name?: string; memoryMib?: number; maxVcpus?: number } = {},
): object {
  if (!existsSync(join(GUEST, 'vmlinux')))
    throw new Error(`Cannot find ${GUEST}/vmlinux: these tests run in dom0, see docs/bindings.md`);
  const { name = guestName(), memoryMib = 64, maxVcpus = 1 } = options;
  return {
    c_info: {
      type,
      name,
      uuid: UUID_START + randomUUID().slice(8),
      ...(type === 'pvh' ? { hap: 'True' } : {}),
    },
    b_info: {
      max_vcpus: maxVcpus,
      avail_vcpus: [0],
      max_memkb: memoryMib * 1024,
      target_memkb: memoryMib * 1024,
      kernel: join(GUEST, 'vmlinux'),
      ramdisk: join(GUEST, 'initrd'),
      cmdline: readFileSync(join(GUEST, 'cmdline'), 'utf8').trim(),
      [`type.${type}`]: {},
    },
    on_poweroff: 'preserve',
    on_reboot: 'preserve',
    on_crash: 'preserve',
  };
}

/** Runs a test body with a context; destroys the domains that it left and proves that no domain of these tests remains. */
export async function withLibxl(
  t: ExecutionContext,
  body: (libxl: Libxl) => Promise<void>,
): Promise<void> {
  const libxl = await Libxl.open({ log: (level, message) => t.log(`${level}: ${message}`) });
  try {
    await body(libxl);
  } finally {
    for (const { domid } of await ourDomains(libxl)) await destroyed(libxl, domid);
    const none = async (): Promise<boolean> => (await ourDomains(libxl)).length === 0;
    await until('all test domains are gone', none, 60_000);
    await libxl.close();
  }
}

async function destroyed(libxl: Libxl, domid: number): Promise<void> {
  const isLeft = async (): Promise<boolean> =>
    (await ourDomains(libxl)).some((domain) => domain.domid === domid && !domain.dying);
  try {
    if (await isLeft()) await libxl.domainDestroy(domid);
  } catch (error) {
    // The test may have ended the domain between the look and the call.
    if (await isLeft()) throw error;
  }
}

/** Lists the domains that this process made, dying domains included. */
export async function ourDomains(libxl: Libxl): Promise<DomainInfo[]> {
  return (await libxl.listDomains()).filter((domain) => domain.uuid.startsWith(UUID_START));
}

/** Waits until the agent in the guest reports in xenstore that it runs. */
export async function untilRunning(domid: number): Promise<void> {
  const path = `/local/domain/${domid}/data/thaw/state`;
  await withXenstore((xs) => xs.waitFor(path, (v) => v === 'running', { timeoutMs: 120_000 }));
}

export async function withXenstore<T>(body: (xs: XenstoreClient) => Promise<T>): Promise<T> {
  const xs = await openXenstore();
  try {
    return await body(xs);
  } finally {
    await xs.close();
  }
}

/** Opens the descriptor's file again: the new descriptor's offset starts at 0. */
export function reopen(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, 'r');
}
