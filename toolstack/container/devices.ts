// SPDX-License-Identifier: Apache-2.0
// Block devices of dom0 that a container has: whether they can be given away, and where its guest finds them.

import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { CreateOptions, DeviceWish } from '../api/engine.js';
import { errorCode, errorMessage } from '../base/errors.js';
import { deviceNumber } from '../sandbox/layers.js';
import type { SandboxRecord } from '../sandbox/record.js';
import { ContainerError } from './errors.js';
import type { ContainerRecord } from './record.js';

/** A device node of config.json. */
export interface DeviceNode {
  path: string;
  major: number;
  minor: number;
  /** r, w and m, as of --device. */
  access: string;
}

interface Books {
  readonly containers: Iterable<{ record: ContainerRecord }>;
}

/**
 * Rejects with ERR_DEVICE for what is no block device, for one that dom0 has in use (mounted, swap, a part of another), and for one that
 * another container may write to, or that this one would write to while another has it.
 */
export async function checkDevices(
  wishes: readonly DeviceWish[],
  others: readonly { name: string; devices: SandboxRecord['devices'] }[],
): Promise<void> {
  for (const { source, access } of wishes) {
    const rdev = await blockNumber(source);
    if (access.includes('w')) await checkFree(source);
    for (const { name, devices = [] } of others) {
      for (const other of devices) {
        const isSame = (await stat(other.path).catch(() => undefined))?.rdev === rdev;
        if (isSame && (access.includes('w') || !other.readOnly))
          throw refusal(source, `container ${name} has it, and one of the two may write to it`);
      }
    }
  }
}

async function blockNumber(path: string): Promise<number> {
  const status = await stat(path).catch((cause: unknown) => {
    throw refusal(path, errorMessage(cause), cause);
  });
  if (status.isBlockDevice()) return status.rdev;
  throw refusal(path, 'it is no block device, and a guest has no use for another');
}

/** Linux lets nobody open a block device exclusively that is mounted or otherwise in use. */
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

/** The sandbox's devices of these wishes. */
export function sandboxDevices({ devices = [] }: CreateOptions): Pick<SandboxRecord, 'devices'> {
  if (devices.length === 0) return {};
  return {
    devices: devices.map(({ source, access }) => ({
      path: source,
      readOnly: !access.includes('w'),
    })),
  };
}

/** Their nodes in the container. */
export function deviceNodes(
  { devices = [] }: Pick<CreateOptions, 'devices'>,
  sandbox: Parameters<typeof deviceNumber>[0],
): DeviceNode[] {
  return devices.map(({ destination, access }, index) => ({
    ...{ path: destination, access },
    ...deviceNumber(sandbox, index),
  }));
}

/** Of containers that run, or are about to, all but the one with that id. */
export function devicesOfOthers({ containers }: Books, ownId: string) {
  return [...containers]
    .filter(({ record: { id, state } }) => id !== ownId && !HAVE_ENDED.includes(state))
    .map(({ record: { name, sandbox } }) => ({ name, devices: sandbox.devices }));
}

const HAVE_ENDED = ['created', 'exited', 'lost'];
