// SPDX-License-Identifier: Apache-2.0
// Loop devices: a layer file has one read-only device, which all domains share and the last one releases; a writable layer has a device
// for its domain alone.

import { sleep } from '../base/deadline.js';
import { ThawError } from '../base/errors.js';
import { kernelLoops, type LoopDriver } from './loop-driver.js';

export class LoopDevices {
  readonly #driver: LoopDriver;
  readonly #uses = new Map<string, { device: string; count: number }>();
  /** The last step under way for each file: a device must be detached before the next search for one. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(driver: LoopDriver = kernelLoops) {
    this.#driver = driver;
  }

  /** Resolves with the block device of `file`, attached at the first use. Each call needs one release(). */
  acquire(file: string): Promise<string> {
    return this.#inTurn(file, async () => {
      const use = this.#uses.get(file) ?? { device: await this.#attach(file), count: 0 };
      use.count++;
      this.#uses.set(file, use);
      return use.device;
    });
  }

  /**
   * Resolves with a writable device of `file`. Waits until no other device has the file: a dead domain's device may still have writes
   * under way. Needs one release(). Rejects with ERR_XEN_LOOP.
   */
  acquireWritable(file: string): Promise<string> {
    return this.#inTurn(file, async () => {
      if (this.#uses.has(file)) throw inUse(file, 'a domain has it');
      await this.#untilFree(file);
      const device = await named(file, this.#driver.attach(file, true));
      this.#uses.set(file, { device, count: 1 });
      return device;
    });
  }

  async #untilFree(file: string): Promise<void> {
    const deadline = performance.now() + FREE_MS;
    for (let waitMs = 1; await this.#existing(file); waitMs = Math.min(2 * waitMs, POLL_MS)) {
      if (performance.now() > deadline) throw inUse(file, `${FREE_MS / 1000} s have passed`);
      await sleep(waitMs);
    }
  }

  /** Releases one use. The last release detaches the device. */
  release(file: string): Promise<void> {
    return this.#inTurn(file, async () => {
      const use = this.#uses.get(file);
      if (!use || --use.count > 0) return;
      this.#uses.delete(file);
      await named(file, this.#driver.detach(use.device));
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

  /** Detaches unused loop devices on files below `folder`: leftovers of a killed thawd. */
  async sweep(folder: string): Promise<void> {
    const held = new Set(this.#uses.keys());
    for (const { name, file } of await this.#driver.list()) {
      if (file.startsWith(`${folder}/`) && !held.has(file))
        await named(file, this.#driver.detach(name));
    }
  }

  /** Takes an earlier thawd's device of the file, also where the file was deleted since, else attaches one. */
  async #attach(file: string): Promise<string> {
    const there = await this.#existing(file);
    if (there !== undefined) return there;
    return named(file, this.#driver.attach(file, false)).catch(async (error: unknown) => {
      const last = await this.#existing(`${file} (deleted)`);
      if (last === undefined) throw error;
      return last;
    });
  }

  async #existing(file: string): Promise<string | undefined> {
    return (await this.#driver.list()).find((loop) => loop.file === file)?.name;
  }
}

const FREE_MS = 30_000;
const POLL_MS = 50;

function inUse(file: string, why: string): ThawError {
  return new ThawError(
    'ERR_XEN_LOOP',
    `Cannot use ${file}: a loop device still uses it, and ${why}`,
  );
}

async function named<T>(file: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (cause) {
    const message = `Cannot make or remove the loop device of ${file}`;
    throw new ThawError('ERR_XEN_LOOP', message, { cause });
  }
}
