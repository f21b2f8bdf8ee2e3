// SPDX-License-Identifier: Apache-2.0
// How a sandbox is copied while its container runs: everything stands still for a moment, then it goes on as if nothing had been.

import type { AgentLink } from '../../agent/link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeHold } from '../../agent/wire-process.js';
import { sleep } from '../../base/deadline.js';
import { Undo } from '../../base/undo.js';
import type { XenHost } from '../../xen/host.js';
import { measureMemory, untilFrozen } from '../../clone/template/boot.js';
import { closeFd } from '../../clone/template/memfd.js';
import { copyDomain, goOn, standsStill } from '../../clone/template/suspend.js';
import type { Template } from '../../clone/template/template.js';
import { shapeFor } from '../../clone/template/shape.js';
import { copyDisk } from './copy-disk.js';
import type { Disk } from '../devices/disks.js';
import { OWN_FILES } from '../shares/shares.js';
import { disksOf } from '../create/layers.js';
import { checkRoomForPages, roomForStream } from './spool.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import { WAKE_MS } from '../agent/connection.js';
import type { Sandbox } from '../sandbox.js';
import type { SandboxServices } from '../services.js';

/** Above the 5 s that the agent gives the container's processes to stand still. */
const HOLD_MS = 20_000;

/** What a copy is before it has a key. */
export type Copied = Omit<Template, 'key'>;

/**
 * A template of the sandbox as it is now, whose memory file, and the copy of whose disk, are the caller's. In this order: the agent holds the container, shim and
 * link let go, "frozen", files of dom0 stashed, suspend, copy, and then, whatever happened, resume, wake, shim up. Rejects with ERR_AGENT_TCP,
 * ERR_AGENT_STREAMS, ERR_AGENT_VOLUME or ERR_AGENT_BUSY when the container cannot be held, ERR_MEMORY when dom0 has no room for the copy.
 */
export function copySandbox(
  services: SandboxServices,
  sandbox: Sandbox,
  { container, stash }: WhatIsHeld,
  signal: AbortSignal,
): Promise<Copied> {
  return Undo.guard(services.host.log, async (undo) => {
    const held = { services, sandbox, container, stash, signal, undo };
    const copied = await whileStill(held, false, async (memory) => {
      // What it had written is in the file, what was under way each of the two writes once more as it resumes.
      const upper = await copyDisk(services, sandbox.record, undo);
      return withUpper(memory, upper);
    });
    await checkRoomForPages(copied.dataPages);
    return copied;
  });
}

/**
 * As copySandbox(), but that the container stays still while `save` works, which has its disk itself in place of a copy. When `save`
 * resolves the sandbox does not go on: only destroy() is left. When anything rejects, it goes on as it was.
 */
export async function saveSandbox(
  services: SandboxServices,
  sandbox: Sandbox,
  { container, stash }: WhatIsHeld,
  signal: AbortSignal,
  save: (copied: Copied) => Promise<void>,
): Promise<void> {
  const undo = new Undo(services.host.log);
  try {
    // So that its disk, which stays, has what its memory had.
    await sandbox.writeBack();
    const held = { services, sandbox, container, stash, signal, undo };
    await whileStill(held, true, (memory) => save(withUpper(memory, sandbox.record.disk)));
  } finally {
    await undo.run();
  }
}

function withUpper(memory: Copied, upper: Disk | undefined): Copied {
  const { running } = memory;
  return running && upper ? { ...memory, running: { ...running, upper } } : memory;
}

/** What of a sandbox is to stand still. */
export interface WhatIsHeld {
  /** As its agent knows it. */
  container: string;
  /** A file to be made, absolute: what it has open of dom0's files. Without it such files are refused. It stays behind when anything rejects. */
  stash?: string | undefined;
}

interface Held extends WhatIsHeld {
  services: SandboxServices;
  sandbox: Sandbox;
  signal: AbortSignal;
  /** Gives the copy of its memory back. */
  undo: Undo;
}

async function whileStill<T>(
  { services, sandbox, container, stash, signal, undo }: Held,
  ends: boolean,
  work: (memory: Copied) => Promise<T>,
): Promise<T> {
  const { domid, record } = sandbox;
  // Copies keep the size that it has now.
  await sandbox.grown;
  await sandbox.written();
  signal.throwIfAborted();
  const memoryKib = await targetOf(services, sandbox);
  const through = await roomForStream(memoryKib, services.copyFolder);
  try {
    const link = await sandbox.agent();
    const memTotalKib = await measureMemory(link);
    signal.throwIfAborted();
    const request = encodeHold(container, stash !== undefined);
    await link.request(AgentType.HOLD, request, 'to hold it', HOLD_MS);
    return await whileHeld(services, sandbox, { link, ends }, async () => {
      await untilFrozen(services.host, domid, signal);
      return whileStashed(services, sandbox, { stash, ends }, async () => {
        const copy = await copyDomain(services.host, domid, memoryKib, through?.fd);
        undo.push('memory of the copy', () => closeFd(copy.fd));
        const { type, vcpus, maxVcpus = vcpus } = record;
        return work({
          ...{ ...copy, memTotalKib },
          shape: { ...shapeFor(type, maxVcpus, services.hostCpus), memoryKib },
          running: { disks: disksOf(record), vcpus },
        });
      });
    });
  } finally {
    await through?.close();
  }
}

/**
 * Runs `work` on a domain whose agent holds the container and that nobody is connected to, and lets it go on, whatever happens; where
 * it `ends`, only when `work` rejects.
 */
async function whileHeld<T>(
  { host }: SandboxServices,
  sandbox: Sandbox,
  { link, ends }: { link: AgentLink; ends: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const { domid, record, shim } = sandbox;
  try {
    await shim.pause();
    link.close();
    const result = await work();
    sandbox.isOver = ends;
    return result;
  } finally {
    link.close();
    if (!sandbox.isOver) {
      await goOn(host, domid, record.uuid);
      await shim.waitUp(WAKE_MS);
    }
  }
}

/**
 * Runs `work` while nobody answers what its guest asks of dom0's files, whose rings are in the memory that is copied: what is answered
 * behind the copy would be asked once more by that.
 */
async function whileStashed<T>(
  services: SandboxServices,
  { shim }: Sandbox,
  { stash, ends }: { stash: string | undefined; ends: boolean },
  work: () => Promise<T>,
): Promise<T> {
  if (stash === undefined) return work();
  try {
    await shim.stash(OWN_FILES, stash);
    const result = await work();
    if (!ends) await shim.goOn(OWN_FILES);
    return result;
  } catch (error) {
    await quietly(services, () => shim.goOn(OWN_FILES));
    throw error;
  }
}

/** Lets a sandbox go on whose thawd was killed while it was copied, or was about to be. Resolves at once for any other. */
export async function goOnIfHeld(
  services: SandboxServices,
  sandbox: Sandbox,
  { uuid, name, files = [] }: SandboxRecord,
): Promise<void> {
  const { host } = services;
  if (!(await comesToStand(host, sandbox, uuid))) return;
  host.log.info(`Letting ${name} go on, which was being copied when thawd ended`);
  if (files.length > 0) await quietly(services, () => sandbox.shim.goOn(OWN_FILES));
  await goOn(host, sandbox.domid, uuid);
}

/** Its shim has let go, so its agent stands still, or will once it has cleared its memory; nobody else would ever wake it. */
async function comesToStand(
  host: XenHost,
  { domid, shim }: Sandbox,
  uuid: string,
): Promise<boolean> {
  const deadline = performance.now() + STAND_MS;
  while (!(await standsStill(host, domid, uuid))) {
    const { state } = await shim.status();
    if (state !== 'waiting' || performance.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}

/** A guest with much memory clears it for as long. */
const STAND_MS = 120_000;
const LOOK_MS = 200;

/** What its balloon is to reach, which only dom0 writes. */
async function targetOf({ host }: SandboxServices, { domid, record }: Sandbox): Promise<number> {
  const text = await host.xenstore.readIfExists(`/local/domain/${domid}/memory/target`);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : record.memoryKib;
}
