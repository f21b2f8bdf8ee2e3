// SPDX-License-Identifier: Apache-2.0
// Collects containers' stats from the guest, Xen and dom0's counters of the vif, and lists containers' processes.

import { readFile } from 'node:fs/promises';
import type { ContainerStats, ProcessInfo } from '../../api/engine.js';
import type { GuestStats } from '../../agent/report.js';
import type { Domid } from '../../base/ids.js';
import { askProcesses, askStats } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import { isUp } from '../lifecycle/lifecycle.js';
import type { ContainerServices } from '../store/containers.js';
import { memoryOf } from '../store/record.js';

/** Resolves with undefined for a container that does not run or ends meanwhile. Without the guest's answer its stats are missing. */
export async function statsOf(
  services: ContainerServices,
  container: Container,
): Promise<ContainerStats | undefined> {
  const { record, sandbox } = container;
  if (!isUp(record) || !sandbox) return undefined;
  const { id, name, started = record.created } = record;
  const { domid } = sandbox;
  const { libxl } = services.sandbox.host;
  const [domain, inGuest, network] = await Promise.all([
    libxl.domainInfo(domid).catch(() => undefined),
    record.state === 'paused' ? undefined : guestStats(sandbox, record).catch(() => undefined),
    networkBytes(domid),
  ]);
  if (!domain) return undefined;
  return {
    id,
    name,
    domid,
    time: Date.now(),
    started,
    ...inGuest,
    domainCpuNs: Number(domain.cpuTimeNs),
    memoryLimitBytes: memoryOf(record),
    ...network,
  };
}

async function guestStats(
  sandbox: ContainerSandbox,
  { inGuest }: Container['record'],
): Promise<GuestStats> {
  return askStats(await sandbox.agent(), inGuest);
}

/** Bytes that dom0 sends are bytes that the guest receives. */
async function networkBytes(domid: Domid): Promise<{ networkIn: number; networkOut: number }> {
  const count = async (name: string): Promise<number> =>
    Number(
      await readFile(`/sys/class/net/vif${domid}.0/statistics/${name}`, 'utf8').catch(() => '0'),
    );
  const [networkIn, networkOut] = await Promise.all([count('tx_bytes'), count('rx_bytes')]);
  return { networkIn, networkOut };
}

/** Resolves with the container's processes. Rejects with ERR_CONTAINER_STATE, and as the agent does. */
export async function processesOf(
  services: ContainerServices,
  container: Container,
): Promise<ProcessInfo[]> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('list processes of', record);
  const processes = await askProcesses(await sandbox.agent(), record.inGuest);
  const names = await userNames(services, record.imageId);
  return processes.map((process) => ({
    ...process,
    user: names.get(process.uid) ?? String(process.uid),
  }));
}

/** Resolves with user names by uid, from the image's /etc/passwd. */
async function userNames(
  { images }: ContainerServices,
  imageId: string,
): Promise<Map<number, string>> {
  const image = (await images.list()).find(({ id }) => id === imageId);
  const lines = (image?.passwd ?? '').split('\n').map((line) => line.split(':'));
  // The first line of a uid counts, as everywhere.
  return new Map(lines.reverse().map(([name = '', , uid]) => [Number(uid), name]));
}
