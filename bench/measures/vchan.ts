// SPDX-License-Identifier: Apache-2.0
// vchan.raw: the throughput of libxenvchan from a guest to dom0, without thaw between them. It is the peer of stream.throughput.

import { execFileSync } from 'node:child_process';
import { asDomid } from '../../toolstack/base/ids.js';
import { silentLog } from '../../toolstack/base/log.js';
import { loadGuestFiles } from '../../toolstack/clone/template/shape.js';
import { libxlConfig } from '../../toolstack/xen/config.js';
import { destroyDomain } from '../../toolstack/xen/destroy.js';
import { closeXenHost, openXenHost, type GuestType } from '../../toolstack/xen/host.js';
import { newDomainUuid } from '../../toolstack/xen/uuid.js';
import { TOOLS, type Samples } from '../measure.js';
import { GUEST } from '../paths.js';

const MIB = 2 ** 20;
const MEMORY_KIB = 64 * 1024;

/** Sends `mib` MiB `count` times over rings of the data channel's size; MiB a second. */
export async function measureVchan(type: GuestType, count: number, mib: number): Promise<Samples> {
  const host = await openXenHost(silentLog());
  try {
    const { kernel, cmdline } = await loadGuestFiles(GUEST);
    const uuid = newDomainUuid();
    const config = libxlConfig({
      name: 'bench-vchan',
      uuid,
      type,
      kernel,
      cmdline,
      initrd: `${TOOLS}/vchan-initrd`,
      maxVcpus: 1,
      onlineVcpus: 1,
      memoryKib: MEMORY_KIB,
      maxMemoryKib: MEMORY_KIB,
    });
    const domid = asDomid(await host.libxl.domainCreateNew(config));
    try {
      await host.libxl.domainUnpause(domid);
      const words = [String(domid), String(mib * MIB), String(count)];
      const lines = execFileSync(`${TOOLS}/vchan-sink`, words, { encoding: 'utf8' }).trim();
      const samples = lines.split('\n').map((ns) => (mib * 1e9) / Number(ns));
      return { name: 'vchan.raw', type, unit: 'MiB/s', samples };
    } finally {
      await destroyDomain(host, domid, uuid);
    }
  } finally {
    await closeXenHost(host);
  }
}
