// SPDX-License-Identifier: Apache-2.0
// Copies a sandbox while its container runs: freezes the guest for a moment, copies it and resumes it.

import type { AgentLink } from '../../agent/agent-link.js';
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
import { disksOf } from '../boot/layers.js';
import { checkRoomForPages, roomForStream } from './spool.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import { WAKE_MS } from '../agent/connection.js';
import type { Sandbox } from '../sandbox.js';
import type { SandboxServices } from '../services.js';

/** Above the 5 s that the agent gives the container's processes to freeze. */
const HOLD_MS = 20_000;

/** A copy before it has a template key. */
export type Copied = Omit<Template, 'key'>;

/**
 * Returns a template of the sandbox as it is now. Its memory file and the copy of its disk belong to the caller. Order: the agent freezes the
 * container, shim and link disconnect, the agent reports "frozen", the shim writes the fid snapshot of the shares, the domain is suspended and
 * copied. Then, after success and failure alike, the domain resumes, the agent wakes up and the shim reconnects. Rejects with ERR_AGENT_TCP,
 * ERR_AGENT_STREAMS, ERR_AGENT_VOLUME or ERR_AGENT_BUSY when the agent cannot freeze the container, ERR_MEMORY when dom0 has no room for the copy, ERR_DISK_RESERVE.
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
      // The file has all completed writes. Sandbox and copy each repeat the pending writes when they resume.
      const upper = await copyDisk(services, sandbox.record, undo);
      return withUpper(memory, upper);
    });
    await checkRoomForPages(copied.dataPages);
    return copied;
  });
}

/**
 * Like copySandbox(), but the container stays frozen while `save` works, and `save` gets the sandbox's own disk instead of a copy. When `save`
 * resolves, the sandbox does not resume: only destroy() may follow. When any step rejects, the sandbox resumes as it was.
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
    // The disk stays, so it needs the data that is only in the guest's memory.
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

/** The container to freeze, and the file for its open files in shares. */
export interface WhatIsHeld {
  /** The container's name in its agent. */
  container: string;
  /**
   * Absolute path of a new file for the fid snapshot: the guest's open files in shares. Without it a container with a mounted share is refused. The
   * file stays behind when any step rejects.
   */
  stash?: string | undefined;
}

interface Held extends WhatIsHeld {
  services: SandboxServices;
  sandbox: Sandbox;
  signal: AbortSignal;
  /** Closes the copy of the sandbox's memory. */
  undo: Undo;
}

async function whileStill<T>(
  { services, sandbox, container, stash, signal, undo }: Held,
  ends: boolean,
  work: (memory: Copied) => Promise<T>,
): Promise<T> {
  const { domid, record } = sandbox;
  // Copies keep the sandbox's present size.
  await sandbox.grown;
  await sandbox.written();
  signal.throwIfAborted();
  const memoryKib = await targetOf(services, sandbox);
  const through = await roomForStream(memoryKib, services);
  try {
    const link = await sandbox.agent();
    const memTotalKib = await measureMemory(link);
    signal.throwIfAborted();
    const request = encodeHold(container, stash !== undefined);
    await link.request(AgentType.HOLD, request, 'to hold it', HOLD_MS);
    return await whileHeld(services, sandbox, { link, ends }, async () => {
      await untilFrozen(services.host, domid, signal);
      return whileFidsSaved(services, sandbox, { stash, ends }, async () => {
        const copy = await copyDomain(services.host, domid, memoryKib, through?.fd);
        undo.push('memory of the copy', () => closeFd(copy.fd));
        const { type, vcpus, maxVcpus = vcpus } = record;
        return work({
          ...copy,
          memTotalKib,
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
 * Runs `work` on a domain whose agent has frozen the container, with shim and link disconnected. Resumes the domain afterwards, whatever happens.
 * With `ends`, resumes it only when `work` rejects.
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
 * Runs `work` while no server answers the guest's requests to its shares. Their rings are in the memory that is copied: the copy would repeat any
 * request that is answered after the copy was made.
 */
async function whileFidsSaved<T>(
  services: SandboxServices,
  { shim }: Sandbox,
  { stash, ends }: { stash: string | undefined; ends: boolean },
  work: () => Promise<T>,
): Promise<T> {
  if (stash === undefined) return work();
  try {
    await shim.saveFids(OWN_FILES, stash);
    const result = await work();
    if (!ends) await shim.resumeShares(OWN_FILES);
    return result;
  } catch (error) {
    await quietly(services, () => shim.resumeShares(OWN_FILES));
    throw error;
  }
}

/** Resumes a sandbox whose thawd was killed while it copied the sandbox, or was about to. Resolves at once for any other sandbox. */
export async function goOnIfHeld(
  services: SandboxServices,
  sandbox: Sandbox,
  { uuid, name, files = [] }: SandboxRecord,
): Promise<void> {
  const { host } = services;
  if (!(await comesToStand(host, sandbox, uuid))) return;
  host.log.info(`Resuming ${name}, which was being copied when thawd ended`);
  if (files.length > 0) await quietly(services, () => sandbox.shim.resumeShares(OWN_FILES));
  await goOn(host, sandbox.domid, uuid);
}

/**
 * True once the guest is frozen. A shim that waits has disconnected: the agent is frozen, or freezes once it has cleared its memory, and only this
 * thawd wakes it.
 */
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

/** A guest with much memory needs this long to clear it. */
const STAND_MS = 120_000;
const LOOK_MS = 200;

/** Returns the balloon's target in KiB, which only dom0 writes. */
async function targetOf({ host }: SandboxServices, { domid, record }: Sandbox): Promise<number> {
  const text = await host.xenstore.readIfExists(`/local/domain/${domid}/memory/target`);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : record.memoryKib;
}
