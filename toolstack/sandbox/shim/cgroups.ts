// SPDX-License-Identifier: Apache-2.0
// Gives each sandbox a cgroup of dom0 (Linux, Documentation/admin-guide/cgroup-v2.rst). A sandbox's shim and file servers are in it, so that a guest
// cannot use up dom0 through them. An empty cgroup serves the next sandbox: to make one costs a start a third of a millisecond.

import { readFileSync, rmdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describeError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';

/** Also for a small dom0. */
const LEAST_MEMORY = 512 * 1024 * 1024;
/** The weight of all sandboxes together beside thawd's 100. */
const WEIGHT = '50';
/** The limits of a sandbox, by controller. docs/shim.md says why so much. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  memory: [`memory.max=${Math.max(LEAST_MEMORY, Math.floor(totalmem() / 2))}`],
  pids: ['pids.max=256'],
  // Sandboxes share among themselves in equal parts.
  cpu: [],
};

/** thawd's own cgroup below that of its unit: DelegateSubgroup in thawd.service. */
const OWN = 'daemon';
const SANDBOXES = 'sandboxes';
/** The shims of versions of thaw that had no cgroups for sandboxes. */
const EARLIER = 'earlier';
/** The most empty cgroups that wait for a sandbox. */
const FREE_MAX = 32;

export class SandboxCgroups {
  /** The folder above the sandboxes' own. */
  readonly folder: string;
  /** The limits of each sandbox, as words FILE=VALUE. */
  readonly limits: readonly string[];
  /** By a sandbox's folder, the name of its cgroup. */
  readonly #taken = new Map<string, string>();
  /** Cgroups whose sandbox has ended, or which an earlier thawd gave away. Processes may still be in them. */
  readonly #left = new Set<string>();
  readonly #free: string[] = [];
  #last = 0;

  private constructor(folder: string, limits: readonly string[]) {
    this.folder = folder;
    this.limits = limits;
  }

  /**
   * Makes the folder above, and takes over the cgroups that an earlier thawd made. Resolves with undefined on a host without cgroup v2, whose log
   * then has a warning. `root` is where cgroup v2 is mounted, `own` has thawd's cgroup.
   */
  static async open(
    log: Log,
    root = '/sys/fs/cgroup',
    own = '/proc/self/cgroup',
  ): Promise<SandboxCgroups | undefined> {
    try {
      const above = join(root, placeOf(await readFile(own, 'utf8')));
      const folder = join(above, SANDBOXES);
      await mkdir(folder, { recursive: true });
      await moveEarlier(above);
      const controllers: string[] = [];
      for (const name of Object.keys(LIMITS))
        if (await enable(name, root, folder)) controllers.push(name);
      const missing = Object.keys(LIMITS).filter((name) => !controllers.includes(name));
      if (missing.length > 0)
        log.warn(`Guests can take all of dom0's resources of these kinds: ${missing.join(', ')}`);
      const cgroups = new SandboxCgroups(
        folder,
        controllers.flatMap((name) => LIMITS[name] ?? []),
      );
      await writeFile(join(folder, 'cpu.weight'), WEIGHT).catch(() => undefined);
      await cgroups.#findOthers();
      return cgroups;
    } catch (error) {
      log.warn(
        `Guests can take all of dom0's memory, processes and CPU time by their shims, as dom0 has no cgroups (version 2) for them: ${describeError(error)}`,
      );
      return undefined;
    }
  }

  /** Returns the name of a cgroup for the sandbox in `folder`, whose shim makes it where it is new. */
  take(folder: string): string {
    if (this.#free.length === 0) this.#gather();
    const name = this.#free.pop() ?? String(++this.#last);
    this.#taken.set(folder, name);
    return name;
  }

  /** Gives back the cgroup of a sandbox that ends. Idempotent. */
  leave(folder: string): void {
    const name = this.#taken.get(folder);
    if (name !== undefined) this.#left.add(name);
    this.#taken.delete(folder);
  }

  /** Removes all empty cgroups. */
  close(): void {
    this.#gather();
    for (const name of this.#free.splice(0)) this.#remove(name);
  }

  /** Frees the cgroups whose last process has ended. */
  #gather(): void {
    for (const name of this.#left) {
      if (!this.#isEmpty(name)) continue;
      this.#left.delete(name);
      if (this.#free.length < FREE_MAX) this.#free.push(name);
      else this.#remove(name);
    }
  }

  #isEmpty(name: string): boolean {
    try {
      return readFileSync(join(this.folder, name, 'cgroup.procs'), 'utf8') === '';
    } catch {
      // A start that failed removed it; its name is as good as a new one.
      return true;
    }
  }

  #remove(name: string): void {
    try {
      rmdirSync(join(this.folder, name));
    } catch {
      // It is gone, or a process came into it that thaw did not start: the next thawd tries again.
    }
  }

  async #findOthers(): Promise<void> {
    for (const entry of await readdir(this.folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      this.#left.add(entry.name);
      this.#last = Math.max(this.#last, Number(entry.name) || 0);
    }
  }
}

/** Returns the path of the cgroup above OWN, which a service manager has given to thawd, or one for a thawd without service manager. Pure. */
export function placeOf(text: string): string {
  const own = /^0::(.*)$/m.exec(text)?.[1] ?? '/';
  return basename(own) === OWN ? dirname(own) : '/thaw';
}

/** A cgroup with processes cannot have limits for the cgroups below it. */
async function moveEarlier(above: string): Promise<void> {
  const pids = (await readFile(join(above, 'cgroup.procs'), 'utf8')).match(/\d+/g) ?? [];
  const earlier = join(above, EARLIER);
  if (pids.length === 0) {
    // One whose shims have all ended; the kernel keeps it while they live.
    await rmdir(earlier).catch(() => undefined);
    return;
  }
  await mkdir(earlier, { recursive: true });
  // A process that has ended meanwhile needs no place.
  for (const pid of pids)
    await writeFile(join(earlier, 'cgroup.procs'), pid).catch(() => undefined);
}

/** Resolves with true when the cgroups in the folder have that controller. */
async function enable(controller: string, root: string, folder: string): Promise<boolean> {
  const names = folder.slice(root.length).split('/').filter(Boolean);
  for (let depth = 0; depth <= names.length; depth++) {
    const file = join(root, ...names.slice(0, depth), 'cgroup.subtree_control');
    await writeFile(file, `+${controller}`).catch(() => undefined);
  }
  const enabled = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8');
  return enabled.split(/\s/).includes(controller);
}
