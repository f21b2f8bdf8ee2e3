// SPDX-License-Identifier: Apache-2.0
// Keeps clones ready before containers are started. The pool belongs to sandboxes, not to templates: a start is fast because channel, shim and vif
// are up as well, and those belong to sandboxes.

import { describeError, errorCode } from '../../base/errors.js';
import type { Undo } from '../../base/undo.js';
import type { Template } from '../../clone/template/template.js';
import { Member } from './pooled-clone.js';
import { Demand, DEMAND_MS } from './demand.js';
import type { Ready } from '../boot/booted-clone.js';
import type { SandboxServices } from '../services.js';

export interface PoolSettings {
  /** Smallest number of waiting clones of a template that is kept warm. */
  min: number;
  /** Largest number of waiting clones of any template. 0 disables the pool. */
  max: number;
}

interface Source {
  template: Template;
  demand: Demand;
  members: Member[];
  /** True when the last start had shares: the next starts are expected to have shares, too. */
  wantsFiles: boolean;
}

/** Removes and returns a clone made for shares where the last start had no shares: the next such start could not claim it. */
function takeUnfit(sources: Source[]): Member | undefined {
  for (const { wantsFiles, members } of sources) {
    const at = wantsFiles ? -1 : members.findIndex(({ hasFiles }) => hasFiles);
    if (at !== -1) return members.splice(at, 1)[0];
  }
  return undefined;
}

/** Delay after the last start, so that the refill does not disturb several starts in a row. */
const REST_MS = 30;
/** The same delay while clones wait: the user is busy with the new container, and the next start needs no new clone. */
const CALM_MS = 250;
/** Delay after a clone could not be made, or was destroyed for want of memory. */
const BACK_OFF_MS = 10_000;

export class Pool {
  readonly #services: SandboxServices;
  readonly #settings: PoolSettings;
  readonly #make: typeof Member.make;
  readonly #sources = new Map<string, Source>();
  readonly #going = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #starts = 0;
  #isWorking = false;
  #timer: NodeJS.Timeout | undefined;
  #notBefore = 0;

  /** `make` makes a clone. Only tests pass another function than Member.make. */
  constructor(
    services: SandboxServices,
    settings: PoolSettings,
    make: typeof Member.make = (...given) => Member.make(...given),
  ) {
    this.#services = services;
    this.#settings = settings;
    this.#make = make;
  }

  /** Keeps clones of the template waiting from now on, without any start: `min` of them, if settings allow. */
  keep(template: Template, min = this.#settings.min): void {
    this.#sourceOf(template).demand = new Demand(
      Math.min(min, this.#settings.min),
      this.#settings.max,
    );
    this.#plan(0);
  }

  /** Destroys the waiting clones of a removed template. */
  async drop(key: string): Promise<void> {
    const source = this.#sources.get(key);
    this.#sources.delete(key);
    await Promise.all((source?.members ?? []).map((member) => this.#destroy(member)));
  }

  /** Holds the refill off while `start` runs. `start` may be any work that a caller waits for. */
  async during<T>(start: () => Promise<T>): Promise<T> {
    this.#starts += 1;
    try {
      return await start();
    } finally {
      this.#starts -= 1;
      const isCalm = [...this.#sources.values()].every(
        ({ demand, members }) => members.length > 0 || demand.target(performance.now()) === 0,
      );
      this.#plan(isCalm ? CALM_MS : REST_MS);
    }
  }

  /**
   * Returns a clone of the template that is not known to be dead, now on `undo`, or undefined when no clone waits. The clone may still be silent. A
   * start with shares gets a clone made for shares if there is one. A start without shares never gets such a clone.
   */
  take(template: Template, undo: Undo, wantsFiles = false): Ready | undefined {
    if (template.isGone) return undefined;
    const source = this.#sourceOf(template);
    source.demand.note(performance.now());
    source.wantsFiles = wantsFiles;
    for (const member of source.members.filter(({ isAlive }) => !isAlive))
      void this.#destroy(member);
    source.members = source.members.filter(({ isAlive }) => isAlive);
    const { members } = source;
    const best = members.findIndex(({ hasFiles }) => hasFiles === wantsFiles);
    // A container without shares must have no 9pfs device that no server serves: it may be cloned or saved later.
    const at = best === -1 && wantsFiles ? 0 : best;
    if (at !== -1) return members.splice(at, 1)[0]?.release(undo);
    // The refill makes a suitable clone in its place.
    const other = members.shift();
    if (other) void this.#destroy(other);
    return undefined;
  }

  /** Destroys clones until about `kib` KiB are free again. Returns false when there were no clones. Refills later. */
  async giveUp(kib: number): Promise<boolean> {
    this.#notBefore = performance.now() + BACK_OFF_MS;
    const going: Promise<void>[] = [];
    let freed = 0;
    while (freed < kib) {
      const source = this.#largest();
      const member = source?.members.pop();
      if (!source || !member) break;
      freed += member.ready.memoryKib;
      going.push(this.#destroy(member));
    }
    await Promise.all(going);
    return freed > 0;
  }

  /** Returns the number of waiting clones of the template with that key. */
  ready(key: string): number {
    return this.#sources.get(key)?.members.length ?? 0;
  }

  /** Destroys all clones and makes no more. Resolves once nothing of them is left. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('The pool is closed'));
    clearTimeout(this.#timer);
    await Promise.all([...this.#sources.keys()].map((key) => this.drop(key)));
    while (this.#going.size > 0) await Promise.allSettled(this.#going);
  }

  #sourceOf(template: Template): Source {
    const known = this.#sources.get(template.key);
    if (known) return known;
    const demand = new Demand(0, this.#settings.max);
    const source: Source = { template, demand, members: [], wantsFiles: false };
    this.#sources.set(template.key, source);
    return source;
  }

  #largest(): Source | undefined {
    return [...this.#sources.values()].sort((a, b) => b.members.length - a.members.length)[0];
  }

  /** Plans the next look at the pool's size. It replaces a look that is planned already. */
  #plan(afterMs: number): void {
    if (this.#closed.signal.aborted || this.#settings.max === 0) return;
    const wait = Math.max(afterMs, this.#notBefore - performance.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), wait).unref();
  }

  /** Takes one step at a time, and none while a container starts: the end of that start plans the next look. */
  #look(): void {
    if (this.#isWorking || this.#starts > 0 || this.#closed.signal.aborted) return;
    const now = performance.now();
    // A look planned before a back-off may come too early.
    if (now < this.#notBefore) return this.#plan(0);
    const sources = [...this.#sources.values()];
    const small = sources.find(({ demand, members }) => members.length < demand.target(now));
    const big = sources.find(({ demand, members }) => members.length > demand.target(now));
    const goes = big?.members.pop() ?? (small ? undefined : takeUnfit(sources));
    if (goes) this.#work(this.#destroy(goes));
    else if (small) this.#work(this.#add(small));
    // A size that fits now may be too large once its demand has passed.
    else if (sources.some(({ members }) => members.length > 0)) this.#plan(DEMAND_MS / 2);
  }

  #work(step: Promise<void>): void {
    this.#isWorking = true;
    void this.#track(step).finally(() => {
      this.#isWorking = false;
      this.#plan(0);
    });
  }

  async #add(source: Source): Promise<void> {
    const { log } = this.#services.host;
    try {
      const onLost = (lost: Member): void => {
        log.warn(`A pooled clone died: ${lost.ready.record.name}`);
        source.members = source.members.filter((other) => other !== lost);
        void this.#destroy(lost).finally(() => this.#plan(REST_MS));
      };
      const { signal } = this.#closed;
      const { template, wantsFiles } = source;
      const member = await this.#make(this.#services, template, onLost, signal, wantsFiles);
      const isWanted = this.#sources.get(source.template.key) === source && !signal.aborted;
      if (isWanted) source.members.push(member);
      else await this.#destroy(member);
    } catch (error) {
      this.#notBefore = performance.now() + BACK_OFF_MS;
      if (this.#closed.signal.aborted) return;
      const level = errorCode(error) === 'ERR_MEMORY' ? 'debug' : 'warn';
      log[level](`Cannot make a clone for the pool: ${describeError(error)}`);
    }
  }

  #destroy(member: Member): Promise<void> {
    return this.#track(member.destroy());
  }

  #track(work: Promise<void>): Promise<void> {
    this.#going.add(work);
    return work.finally(() => this.#going.delete(work));
  }
}
