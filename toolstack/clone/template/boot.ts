// SPDX-License-Identifier: Apache-2.0
// Boots a domain from the guest kernel and freezes it into a save stream (docs/architecture.md, Freeze and clone).

import { open } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { defined } from '../../base/defined.js';
import { memfdCreate, Vchan, type TrimResult } from '../../../bindings/index.js';
import { AgentLink } from '../../agent/agent-link.js';
import { keptRings, type Ring } from '../../agent/freeze-rings.js';
import { AgentType, XS_CONTROL, XS_DATA, XS_STATE, XS_WAKE } from '../../agent/wire.js';
import { encodeResize, RESIZE_BYTES } from '../../agent/wire-guest.js';
import { errorCode, ThawError } from '../../base/errors.js';
import { asDomid, type Domid } from '../../base/ids.js';
import { Undo } from '../../base/undo.js';
import { libxlConfig } from '../../xen/config.js';
import { whileAlive } from '../../xen/death.js';
import { destroyDomain } from '../../xen/destroy.js';
import { attachDevices, untilConnected } from '../../xen/devices.js';
import type { XenHost } from '../../xen/host.js';
import { newDomainUuid } from '../../xen/uuid.js';
import { newMac, vif } from '../../xen/vif.js';
import { readKeptVif } from '../../xen/vif-kept.js';
import type { Kept } from './preconnected.js';
import { closeFd, reopenFd } from './memfd.js';
import type { GuestFiles, Shape } from './shape.js';
import { suspendInto } from './suspend.js';

/** A frozen domain: its trimmed save stream in a memfd that the caller owns, and facts about the guest. */
export interface Frozen {
  fd: number;
  stream: TrimResult;
  /** MemTotal of the guest, before a container asks for more. */
  memTotalKib: number;
  /** Undefined where clones cannot use it. */
  kept: Kept | undefined;
}

/** Prepares a booted domain before it is frozen. `signal` aborts when the domain dies. */
export type Prepare = (domid: Domid, link: AgentLink, signal: AbortSignal) => Promise<void>;

/**
 * In this order: create, unpause, hello, ask what it has, a vif, `prepare`, FREEZE, close our end, wait for "frozen", suspend into a memfd,
 * trim, destroy the domain. Whatever fails, the domain is destroyed. The hello must come within `helloMs`.
 */
export async function bootAndFreeze(
  host: XenHost,
  guest: GuestFiles,
  shape: Shape,
  name: string,
  helloMs: number,
  prepare: Prepare = () => Promise.resolve(),
): Promise<Frozen> {
  return Undo.guard(host.log, async (undo) => {
    const uuid = newDomainUuid();
    const domid = asDomid(
      await host.libxl.domainCreateNew(templateConfig(guest, shape, name, uuid)),
    );
    undo.push(`domain ${name}`, () => destroyDomain(host, domid, uuid));
    await host.libxl.domainUnpause(domid);
    const { memTotalKib, kept } = await whileAlive(host, domid, async (lost) => {
      const link = await connectAgent(host, domid, helloMs, { signal: lost }).catch(
        (error: unknown) => {
          throw notOfThaw(name, guest, error);
        },
      );
      undo.push(`channel to ${name}`, () => link.close());
      const kib = await measureMemory(link);
      await attachDevices(host, domid, [vif(0, newMac(new Set()))]);
      await prepare(domid, link, lost);
      await untilConnected(host, domid, 'vif', 0, lost);
      return { memTotalKib: kib, kept: await freeze(host, domid, link) };
    });
    const fd = memfdCreate('thaw-template');
    undo.push('template memory', () => closeFd(fd));
    const stream = await suspendInto(host, domid, fd, shape.memoryKib);
    await destroyDomain(host, domid, uuid);
    undo.disarm();
    return { fd, stream, memTotalKib, kept };
  });
}

/** Explains why a booted guest cannot be reached; returns other errors as they are. */
function notOfThaw(name: string, guest: GuestFiles, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code !== 'ERR_AGENT_HELLO' && code !== 'ERR_PROTOCOL') return cause;
  const message =
    `Cannot freeze domain ${name}: what its console said tells why (/var/log/xen/console), ` +
    `or ${guest.kernel} and ${guest.initrd} are not of this thaw`;
  return new ThawError(code, message, { cause });
}

/** Above the 15 s that the agent gives itself for clearing free memory, and the 5 s for its channels. */
const FREEZE_MS = 40_000;
const ANSWER_MS = 10_000;

function templateConfig(guest: GuestFiles, shape: Shape, name: string, uuid: string): object {
  const { kernel, initrd, cmdline } = guest;
  const { type, vcpus: maxVcpus, memoryKib } = shape;
  return libxlConfig({
    name,
    uuid,
    type,
    kernel,
    initrd,
    cmdline,
    maxVcpus,
    onlineVcpus: 1,
    memoryKib,
    maxMemoryKib: memoryKib,
  });
}

/** Opens the data channel of a domain whose agent has said hello; the caller destroys it. */
export async function openData(
  host: XenHost,
  domid: Domid,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const channel = await openChannel(host, domid, XS_DATA, timeoutMs, signal);
  // Only its hello counts; any later trouble shows in the agent's answers.
  channel.on('error', () => undefined).resume();
  return channel;
}

/** Waits for the ring by a watch, since libxenvchan could only be polled. */
async function openChannel(
  host: XenHost,
  domid: Domid,
  node: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Vchan> {
  const path = `/local/domain/${domid}/${node}`;
  const options = { timeoutMs, ...defined({ signal }) };
  await host.xenstore.waitFor(`${path}/ring-ref`, (value) => value !== undefined, options);
  return Vchan.connect({ domid, path, ...options });
}

/**
 * Connects to the agent of a domain that runs, or will run soon, and waits for its hello: by the ring that was made for it where there is
 * one, else by the ring that the agent publishes in xenstore. Rejects with ERR_AGENT_HELLO.
 */
export function connectAgent(
  host: XenHost,
  domid: Domid,
  timeoutMs: number,
  { signal, ring }: { signal?: AbortSignal | undefined; ring?: Ring | undefined } = {},
): Promise<AgentLink> {
  if (ring) {
    const { ref: ringRef, port, order } = ring;
    const attach = (): Promise<Vchan> => Vchan.attach({ domid, ringRef, port, order });
    return AgentLink.connect(attach, { timeoutMs, signal, once: true });
  }
  const open = (left: number, abort?: AbortSignal): Promise<Vchan> =>
    openChannel(host, domid, XS_CONTROL, left, abort);
  return AgentLink.connect(open, { timeoutMs, signal });
}

/** Resolves with the guest's MemTotal in KiB. thawd only compares it, so a lie harms the guest's own domain alone. */
export async function measureMemory(link: AgentLink): Promise<number> {
  const nothing = encodeResize({ memoryKib: 0, vcpus: 0, timeoutMs: 0 });
  const untrusted = await link.request(
    AgentType.RESIZE,
    nothing,
    'a look at its memory',
    ANSWER_MS,
  );
  if (untrusted.length !== RESIZE_BYTES)
    throw new ThawError('ERR_PROTOCOL', 'The agent answered a resize with a wrong size');
  return Number(untrusted.readBigUInt64LE(0));
}

async function freeze(host: XenHost, domid: Domid, link: AgentLink): Promise<Kept | undefined> {
  const untrusted = await link.request(AgentType.FREEZE, Buffer.alloc(0), 'the freeze', ANSWER_MS);
  link.close();
  await untilFrozen(host, domid);
  await host.xenstore.rm(`/local/domain/${domid}/${XS_WAKE}`).catch(() => undefined);
  const rings = keptRings(untrusted);
  const kept = await readKeptVif(host, domid);
  return rings && kept && { rings, vif: kept };
}

/** Resolves once an agent that answered FREEZE has closed its channels and devices. */
export async function untilFrozen(
  host: XenHost,
  domid: Domid,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/local/domain/${domid}/${XS_STATE}`;
  const options = { timeoutMs: FREEZE_MS, ...defined({ signal }) };
  await host.xenstore.waitFor(path, (value) => value === 'frozen', options);
}

/** Reads a stored stream into a memfd; `onChunk` sees every byte, for the checksum. */
export async function loadStream(path: string, onChunk: (chunk: Buffer) => void): Promise<number> {
  const fd = memfdCreate('thaw-template');
  try {
    const [from, to] = [await open(path, 'r'), await reopenFd(fd, 'w')];
    try {
      for await (const chunk of from.createReadStream({
        highWaterMark: 1 << 20,
        autoClose: false,
      })) {
        onChunk(chunk as Buffer);
        await to.writeFile(chunk as Buffer);
      }
      return fd;
    } finally {
      await from.close();
      await to.close();
    }
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
