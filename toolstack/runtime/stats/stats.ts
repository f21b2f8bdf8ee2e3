// SPDX-License-Identifier: Apache-2.0
// What containers use, and which processes they have: the guest's figures, Xen's, and dom0's of the vif.

import { readFile } from 'node:fs/promises';
import type { ContainerStats, ProcessInfo } from '../../api/engine.js';
import { decodeProcesses, decodeStats } from '../../agent/report.js';
import { AgentType } from '../../agent/wire.js';
import { encodeFields } from '../../base/frame.js';
import type { Domid } from '../../base/ids.js';
import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import { isUp, type ContainerServices } from '../store/containers.js';
import { memoryOf } from '../store/record.js';

const ANSWER_MS = 5000;

/** Undefined for one that does not run, also when it ends meanwhile. A guest that does not answer has no figures of its own. */
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
    record.state === 'paused' ? undefined : guestStats(container).catch(() => undefined),
    networkBytes(domid),
  ]);
  if (!domain) return undefined;
  return {
    ...{ id, name, domid, time: Date.now(), started },
    ...inGuest,
    domainCpuNs: Number(domain.cpuTimeNs),
    memoryLimitBytes: memoryOf(record),
    ...network,
  };
}

async function guestStats({ record, sandbox }: Container) {
  const link = await sandbox?.agent();
  const asked = link?.request(
    AgentType.STATS,
    encodeFields([record.inGuest]),
    'its figures',
    ANSWER_MS,
  );
  return asked && decodeStats(await asked);
}

/** What dom0 sends is what the guest receives. */
async function networkBytes(domid: Domid): Promise<{ networkIn: number; networkOut: number }> {
  const count = async (name: string): Promise<number> =>
    Number(
      await readFile(`/sys/class/net/vif${domid}.0/statistics/${name}`, 'utf8').catch(() => '0'),
    );
  const [networkIn, networkOut] = await Promise.all([count('tx_bytes'), count('rx_bytes')]);
  return { networkIn, networkOut };
}

/** Rejects with ERR_CONTAINER_STATE, and as the agent does. */
export async function processesOf(
  services: ContainerServices,
  container: Container,
): Promise<ProcessInfo[]> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('list processes of', record);
  const link = await sandbox.agent();
  const payload = encodeFields([record.inGuest]);
  const answer = await link.request(AgentType.PROCESSES, payload, 'its processes', ANSWER_MS);
  const names = await userNames(services, record.imageId);
  return decodeProcesses(answer).map((process) => ({
    ...process,
    user: names.get(process.uid) ?? String(process.uid),
  }));
}

/** By the image's /etc/passwd. */
async function userNames(
  { images }: ContainerServices,
  imageId: string,
): Promise<Map<number, string>> {
  const image = (await images.list()).find(({ id }) => id === imageId);
  const lines = (image?.passwd ?? '').split('\n').map((line) => line.split(':'));
  // The first of a number counts, as everywhere.
  return new Map(lines.reverse().map(([name = '', , uid]) => [Number(uid), name]));
}
