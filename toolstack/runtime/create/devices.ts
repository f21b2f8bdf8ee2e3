// SPDX-License-Identifier: Apache-2.0
// Gives block devices of dom0 to containers: checks that each is free, and returns its node in the container.

import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import type { CreateOptions, DeviceRequest } from '../../api/engine.js';
import { sleep } from '../../base/deadline.js';
import { errorCode, errorMessage } from '../../base/errors.js';
import { deviceNumber } from '../../sandbox/boot/layers.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { ContainerError } from '../errors.js';
import type { DeviceNode } from './device-rules.js';

/** Tracks the whole disks that containers have, from before their start until nothing of their domain is left. */
export class GivenDevices {
  readonly #given = new Map<string, { name: string; disks: Given[]; isEnding?: boolean }>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Gives devices to the container with that id, until takeBack(). Rejects with ERR_DEVICE for a file that is no block device, for a device
   * to write to that dom0 uses (mounted, swap, a part of another device), and for a device of a disk that another container may write to,
   * that this container would write to while another has it, or that this container has twice and may write to.
   */
  give(id: string, name: string, requests: readonly DeviceRequest[]): Promise<void> {
    const given = this.#last.then(() => this.#give(id, name, requests));
    this.#last = given.catch(() => undefined);
    return given;
  }

  /** Takes over the devices that an earlier thawd gave to a container. */
  async adopt({
    id,
    name,
    sandbox: { devices = [] },
  }: {
    id: string;
    name: string;
    sandbox: Pick<SandboxRecord, 'devices'>;
  }): Promise<void> {
    const disks: Given[] = [];
    for (const { path, readOnly } of devices) {
      const disk = await diskOf(path).catch(() => undefined);
      if (disk !== undefined) disks.push({ disk, readOnly });
    }
    if (disks.length > 0) this.#given.set(id, { name, disks });
  }

  /** Notes that the container's processes have ended and its domain is ending. */
  ends(id: string): void {
    const given = this.#given.get(id);
    if (given) given.isEnding = true;
  }

  /** Takes back all devices of the container. Idempotent. */
  takeBack(id: string): void {
    this.#given.delete(id);
  }

  async #give(id: string, name: string, requests: readonly DeviceRequest[]): Promise<void> {
    const disks: Given[] = [];
    for (const { source, access } of requests) {
      const readOnly = !access.includes('w');
      const disk = await diskOf(source);
      if (!readOnly) await checkFree(source);
      const clashes = (other: Given): boolean =>
        other.disk === disk && !(readOnly && other.readOnly);
      if (disks.some(clashes)) throw refusal(source, 'it has it twice, and may write to it');
      await this.#untilFree(source, id, clashes);
      disks.push({ disk, readOnly });
    }
    if (disks.length > 0) this.#given.set(id, { name, disks });
  }

  /** Waits for a container that has ended, as long as its guest may take to write its last data. Rejects with ERR_DEVICE. */
  async #untilFree(source: string, id: string, clashes: (other: Given) => boolean): Promise<void> {
    const deadline = performance.now() + ENDING_MS;
    for (;;) {
      const [, other] =
        [...this.#given].find(([holder, { disks }]) => holder !== id && disks.some(clashes)) ?? [];
      if (!other) return;
      if (other.isEnding !== true || performance.now() > deadline)
        throw refusal(source, `container ${other.name} has it, and one of the two may write to it`);
      await sleep(LOOK_MS);
    }
  }
}

/** Longer than the agent's limit for an unmount. */
const ENDING_MS = 70_000;
const LOOK_MS = 20;

interface Given {
  /** MAJOR:MINOR of the device, or of the whole disk for a partition. */
  disk: string;
  readOnly: boolean;
}

/** A disk and its partitions count as one device. Two partitions do as well, because thaw does not know whether they overlap. */
async function diskOf(path: string): Promise<string> {
  const rdev = await blockNumber(path);
  const own = `${Math.floor(rdev / 256) % 4096}:${(rdev % 256) + Math.floor(rdev / 2 ** 20) * 256}`;
  const folder = `/sys/dev/block/${own}`;
  const isPartition = (await stat(`${folder}/partition`).catch(() => undefined)) !== undefined;
  return isPartition ? (await readFile(`${folder}/../dev`, 'utf8')).trim() : own;
}

async function blockNumber(path: string): Promise<number> {
  const status = await stat(path).catch((cause: unknown) => {
    throw refusal(path, errorMessage(cause), cause);
  });
  if (status.isBlockDevice()) return status.rdev;
  throw refusal(path, 'it is no block device, and a guest has no use for another');
}

/** Rejects with ERR_DEVICE for a device that is mounted or otherwise in use: Linux refuses to open it exclusively. */
async function checkFree(path: string): Promise<void> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_EXCL);
    await file.close();
  } catch (cause) {
    const reason =
      errorCode(cause) === 'EBUSY'
        ? 'the host has it in use; unmount it first'
        : errorMessage(cause);
    throw refusal(path, reason, cause);
  }
}

function refusal(path: string, reason: string, cause?: unknown): ContainerError {
  return new ContainerError('ERR_DEVICE', `Cannot give device ${path} to a container: ${reason}`, {
    cause,
  });
}

/** Returns the devices of the sandbox that the options ask for. */
export function sandboxDevices({ devices = [] }: CreateOptions): Pick<SandboxRecord, 'devices'> {
  if (devices.length === 0) return {};
  return {
    devices: devices.map(({ source, access }) => ({
      path: source,
      readOnly: !access.includes('w'),
    })),
  };
}

/** Returns the nodes of the devices in the container. */
export function deviceNodes(
  { devices = [] }: Pick<CreateOptions, 'devices'>,
  sandbox: Parameters<typeof deviceNumber>[0],
): DeviceNode[] {
  return devices.map(({ destination, access }, index) => ({
    path: destination,
    access,
    ...deviceNumber(sandbox, index),
  }));
}
