// SPDX-License-Identifier: Apache-2.0
// clone.cold, wake, rpc.roundtrip, domain.memory, boot.template: thawd's operations on domains, measured in a process like thawd.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentType } from '../../toolstack/agent/wire.js';
import { encodeResize } from '../../toolstack/agent/wire-guest.js';
import { sleep } from '../../toolstack/base/deadline.js';
import { silentLog } from '../../toolstack/base/log.js';
import { connectAgent } from '../../toolstack/clone/template/boot.js';
import { CopyEngine } from '../../toolstack/clone/engine/copy-engine.js';
import { loadGuestFiles, shapeFor } from '../../toolstack/clone/template/shape.js';
import { Templates } from '../../toolstack/clone/template/templates.js';
import { libxlConfig } from '../../toolstack/xen/config.js';
import { destroyDomain } from '../../toolstack/xen/destroy.js';
import {
  closeXenHost,
  openXenHost,
  type GuestType,
  type XenHost,
} from '../../toolstack/xen/host.js';
import { newDomainUuid } from '../../toolstack/xen/uuid.js';
import { asDomid, type Domid } from '../../toolstack/base/ids.js';
import { repeat, timeMs, type Samples } from '../measure.js';
import { GUEST } from '../paths.js';

const HELLO_MS = 600_000;
const ROUNDTRIPS = 50;
const PAUSE_MS = 100;

interface CloneTimes {
  cloneMs: number;
  wakeMs: number;
  rpcMs: number;
  memoryKib: number;
}

/** Measures all quantities for one type of domain, while `alive` more clones run. */
export async function measureClones(
  type: GuestType,
  count: number,
  alive: number[],
): Promise<Samples[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-bench-'));
  const host = await openXenHost(silentLog());
  const guest = await loadGuestFiles(GUEST);
  const templates = new Templates(host, guest, folder, HELLO_MS);
  const engine = new CopyEngine(host, guest, await host.libxl.physinfo());
  const background: { domid: Domid; uuid: string }[] = [];
  let made = 0;
  try {
    const template = await templates.get(shapeFor(type, 1, 1));
    const start = async () => {
      const uuid = newDomainUuid();
      const name = `bench-${made++}`;
      const begun = performance.now();
      const request = { name, uuid, maxMemoryKib: template.shape.memoryKib };
      const { domid, rings, introduce } = await engine.clone(template, request);
      if (!rings) await introduce([]);
      const cloned = performance.now();
      const connecting = connectAgent(host, domid, HELLO_MS, { ring: rings?.control });
      await host.libxl.xcDomainUnpause(domid);
      const link = await connecting;
      const awake = performance.now();
      if (rings) await introduce([]);
      return { domid, uuid, link, cloneMs: awake - begun, wakeMs: awake - cloned };
    };
    const one = async (): Promise<CloneTimes> => {
      const { domid, uuid, link, cloneMs, wakeMs } = await start();
      const nothing = encodeResize({ memoryKib: 0, vcpus: 0, timeoutMs: 0 });
      const rpc = await repeat(ROUNDTRIPS, 5, () =>
        timeMs(() => link.request(AgentType.RESIZE, nothing, 'nothing', HELLO_MS)),
      );
      const { totPages, pagingPoolBytes } = await host.libxl.domainAccounting(domid);
      link.close();
      await destroyDomain(host, domid, uuid);
      // Xen clears a dead domain's pages while it is idle. Without a pause the next domain pays for that.
      await sleep(PAUSE_MS);
      const rpcMs = rpc.sort((a, b) => a - b)[ROUNDTRIPS / 2] ?? NaN;
      return { cloneMs, wakeMs, rpcMs, memoryKib: totPages * 4 + pagingPoolBytes / 1024 };
    };
    const cold = await repeat(count, 5, one);
    const results: Samples[] = [
      { name: 'clone.cold', type, unit: 'ms', samples: cold.map((c) => c.cloneMs) },
      { name: 'wake', type, unit: 'ms', samples: cold.map((c) => c.wakeMs) },
      { name: 'rpc.roundtrip', type, unit: 'ms', samples: cold.map((c) => c.rpcMs) },
      { name: 'domain.memory', type, unit: 'KiB', samples: cold.map((c) => c.memoryKib) },
    ];
    for (const many of alive) {
      while (background.length < many) {
        const { domid, uuid, link } = await start();
        link.close();
        background.push({ domid, uuid });
      }
      const beside = await repeat(count, 2, one);
      results.push({
        name: `clone.cold.${many}`,
        type,
        unit: 'ms',
        samples: beside.map((c) => c.cloneMs),
      });
    }
    return results;
  } finally {
    for (const { domid, uuid } of background) await destroyDomain(host, domid, uuid);
    await templates.close();
    await closeXenHost(host);
    rmSync(folder, { recursive: true });
  }
}

/** Measures from the request for a new domain to its agent's hello, without any template. */
export async function measureBoot(type: GuestType, count: number): Promise<Samples> {
  const host = await openXenHost(silentLog());
  try {
    const guest = await loadGuestFiles(GUEST);
    const samples = await repeat(count, 0, () => boot(host, guest, type));
    return { name: 'boot.template', type, unit: 'ms', samples };
  } finally {
    await closeXenHost(host);
  }
}

async function boot(
  host: XenHost,
  guest: Awaited<ReturnType<typeof loadGuestFiles>>,
  type: GuestType,
): Promise<number> {
  const { kernel, initrd, cmdline } = guest;
  const { memoryKib } = shapeFor(type, 1, 1);
  const uuid = newDomainUuid();
  const config = libxlConfig({
    name: 'bench-boot',
    uuid,
    type,
    kernel,
    initrd,
    cmdline,
    maxVcpus: 1,
    onlineVcpus: 1,
    memoryKib,
    maxMemoryKib: memoryKib,
  });
  const begun = performance.now();
  const domid = asDomid(await host.libxl.domainCreateNew(config));
  try {
    await host.libxl.domainUnpause(domid);
    (await connectAgent(host, domid, HELLO_MS)).close();
    return performance.now() - begun;
  } finally {
    await destroyDomain(host, domid, uuid);
  }
}
