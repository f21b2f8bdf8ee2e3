// SPDX-License-Identifier: Apache-2.0
// Clones that are ready before anybody asks. Here, not beside the templates: what makes a start fast is that channel, shim and vif
// are up as well, and those belong to sandboxes.

import { describeError, errorCode } from '../../base/errors.js';
import type { Undo } from '../../base/undo.js';
import type { Template } from '../../clone/template/template.js';
import { Member } from './pooled-clone.js';
import { Demand, DEMAND_MS } from './size.js';
import type { Ready } from '../create/booted-clone.js';
import type { SandboxServices } from '../services.js';

export interface PoolSettings {
  /** How many clones of a template that is kept warm wait at least. */
  min: number;
  /** And of any template at most; 0: no pool. */
  max: number;
}

interface Source {
  template: Template;
  demand: Demand;
  members: Member[];
  /** Whether the last start had files of dom0: the next ones will, too. */
  wantsFiles: boolean;
}

/** One that was made for files where the last start had none: the next one could not take it. */
function takeUnfit(sources: Source[]): Member | undefined {
  for (const { wantsFiles, members } of sources) {
    const at = wantsFiles ? -1 : members.findIndex(({ hasFiles }) => hasFiles);
    if (at !== -1) return members.splice(at, 1)[0];
  }
  return undefined;
}

/** After the last start, so that several in a row are not disturbed. */
const REST_MS = 30;
/** The same while clones wait: who started a container is busy with it, and the next one needs no new clone. */
const CALM_MS = 250;
/** After a clone could not be made, or had to go for want of memory. */
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

  /** `make` makes a clone; another than Member.make is for tests. */
  constructor(
    services: SandboxServices,
    settings: PoolSettings,
    make: typeof Member.make = (...given) => Member.make(...given),
  ) {
    this.#services = services;
    this.#settings = settings;
    this.#make = make;
  }

  /** From now on clones of it wait even when nobody asked for one: `min` of them, if settings allow. */
  keep(template: Template, min = this.#settings.min): void {
    this.#sourceOf(template).demand = new Demand(
      Math.min(min, this.#settings.min),
      this.#settings.max,
    );
    this.#plan(0);
  }

  /** Throws away the clones of a template that is no more. */
  async drop(key: string): Promise<void> {
    const source = this.#sources.get(key);
    this.#sources.delete(key);
    await Promise.all((source?.members ?? []).map((member) => this.#destroy(member)));
  }

  /** Holds the refill off while `start` runs, or what else somebody waits for. */
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
   * A clone of that template that is not known to be dead, now on `undo`; undefined when none waits. It may still be silent. Who has files of
   * dom0 gets one that is made for them, if there is one; nobody else does.
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
    // What may be cloned or saved later has no device that nobody serves.
    const at = best === -1 && wantsFiles ? 0 : best;
    if (at !== -1) return members.splice(at, 1)[0]?.release(undo);
    // One that suits is made in its place.
    const other = members.shift();
    if (other) void this.#destroy(other);
    return undefined;
  }

  /** Gives up clones until about `kib` are free again; false when there were none. Refills later. */
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

  /** How many clones of the template with that key wait. */
  ready(key: string): number {
    return this.#sources.get(key)?.members.length ?? 0;
  }

  /** Throws all away and makes no more. Resolves once nothing of them is left. */
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

  /** Looks after the sizes in a while, unless that is planned already. */
  #plan(afterMs: number): void {
    if (this.#closed.signal.aborted || this.#settings.max === 0) return;
    const wait = Math.max(afterMs, this.#notBefore - performance.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), wait).unref();
  }

  /** One step at a time, and none while a container starts: then its end plans the next look. */
  #look(): void {
    if (this.#isWorking || this.#starts > 0 || this.#closed.signal.aborted) return;
    const now = performance.now();
    // A look that was planned before may come too early.
    if (now < this.#notBefore) return this.#plan(0);
    const sources = [...this.#sources.values()];
    const small = sources.find(({ demand, members }) => members.length < demand.target(now));
    const big = sources.find(({ demand, members }) => members.length > demand.target(now));
    const goes = big?.members.pop() ?? (small ? undefined : takeUnfit(sources));
    if (goes) this.#work(this.#destroy(goes));
    else if (small) this.#work(this.#add(small));
    // What is wanted now may be too much when its demand is past.
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
        log.warn(`A clone that waited in the pool died: ${lost.ready.record.name}`);
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
