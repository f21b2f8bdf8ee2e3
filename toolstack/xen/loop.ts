// SPDX-License-Identifier: Apache-2.0
// Read-only loop devices for layer files: one device a file, shared by all domains that use it, gone with the last.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ThawError } from '../base/errors.js';

const run = promisify(execFile);

export class LoopDevices {
  readonly #uses = new Map<string, { device: string; count: number }>();
  /** The last step under way for a file: a device that is going must be gone before the next look for one. */
  readonly #queues = new Map<string, Promise<unknown>>();

  /** The block device that shows `file`; made at first use. Each call needs one release(). */
  acquire(file: string): Promise<string> {
    return this.#inTurn(file, async () => {
      const use = this.#uses.get(file) ?? { device: await attach(file), count: 0 };
      use.count++;
      this.#uses.set(file, use);
      return use.device;
    });
  }

  /** Gives one use back; the last one detaches the device. */
  release(file: string): Promise<void> {
    return this.#inTurn(file, async () => {
      const use = this.#uses.get(file);
      if (!use || --use.count > 0) return;
      this.#uses.delete(file);
      await losetup(['--detach', use.device], file);
    });
  }

  #inTurn<T>(file: string, step: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(file) ?? Promise.resolve();
    const result = before.then(step, step);
    const settled = result.catch(() => undefined);
    this.#queues.set(file, settled);
    void settled.then(() => {
      if (this.#queues.get(file) === settled) this.#queues.delete(file);
    });
    return result;
  }

  /** Detaches loop devices on files below `folder` that nobody holds: leftovers of a killed thawd. */
  async sweep(folder: string): Promise<void> {
    const held = new Set(this.#uses.keys());
    for (const { name, file } of await listLoops()) {
      if (file.startsWith(`${folder}/`) && !held.has(file)) await losetup(['--detach', name], file);
    }
  }
}

/** Takes an existing device on the file (an earlier thawd's), else makes one. */
async function attach(file: string): Promise<string> {
  const existing = (await listLoops()).find((loop) => loop.file === file);
  if (existing) return existing.name;
  return (await losetup(['--find', '--show', '--read-only', file], file)).trim();
}

async function listLoops(): Promise<{ name: string; file: string }[]> {
  const text = await losetup(['--list', '--json', '--output', 'NAME,BACK-FILE'], 'all');
  if (text.trim() === '') return [];
  const parsed = JSON.parse(text) as {
    loopdevices?: { name: string; 'back-file': string | null }[];
  };
  return (parsed.loopdevices ?? []).map((loop) => ({
    name: loop.name,
    file: loop['back-file'] ?? '',
  }));
}

async function losetup(args: string[], file: string): Promise<string> {
  try {
    return (await run('losetup', args, { timeout: LOSETUP_MS })).stdout;
  } catch (cause) {
    throw new ThawError('ERR_XEN_LOOP', `Cannot make or remove the loop device of ${file}`, {
      cause,
    });
  }
}

const LOSETUP_MS = 20_000;
