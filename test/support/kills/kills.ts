// SPDX-License-Identifier: Apache-2.0
// Kills thawd again and again, at moments that a seed decides, while thaw works. After each kill the next thawd must have finished or undone the
// half-done work, and other containers must not notice.

import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { MortalThawd } from './thawd.js';
import { Counting, Filing } from './watch.js';
import { LAYERED, WORK, type Task } from './work.js';
import { holdings, type Holdings } from '../dom0/leaks.js';
import { Random } from '../random.js';
import {
  busybox,
  list,
  pidsOf,
  run,
  running,
  runWords,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../dom0/thaw.js';

export interface KillsWish {
  kills: number;
  /** No round begins later than this. */
  longestMs?: number;
  seed: number;
  /** The work during the kills: keys of WORK. */
  work: readonly string[];
}

/** A log with a line for each round, for a waiting user. */
const LOG = '/tmp/kills.log';

function note(line: string): void {
  appendFileSync(LOG, `${line}\n`);
}

const OPTIONS = ['--pool', '0', '--pool-max', '0'];
const [COUNTER, FILER, SOURCE, VOLUME] = ['k-lines', 'k-files', 'k-source', 'k-data'] as const;
const STANDING = [COUNTER, FILER, SOURCE];
/** Further faults would hide more than they show. */
const FAULTS_MAX = 20;
const GONE_MS = 60_000;

/** thaw's resources in this dom0, without the contents of containers and volumes. */
interface Left extends Pick<
  Holdings,
  | 'domains'
  | 'xenstoreNodes'
  | 'loopDevices'
  | 'mounts'
  | 'libxlHelpers'
  | 'runFiles'
  | 'stateFiles'
> {
  shims: number;
  images: string[];
  userdata: string[];
  tools: string[];
}

export class Kills {
  readonly #t: ExecutionContext;
  readonly #wish: KillsWish;
  readonly #random: Random;
  readonly faults: string[] = [];
  #round = 0;
  /** The time that thawd takes to be ready. */
  #readyMs = 15_000;

  constructor(t: ExecutionContext, wish: KillsWish) {
    this.#t = t;
    this.#wish = wish;
    this.#random = new Random(wish.seed);
  }

  /** Runs all rounds. Leaves a thawd as the lab starts it. Resolves with the number of kills. */
  async run(): Promise<number> {
    await stopThawd();
    await startThawd(OPTIONS);
    const thawd = new MortalThawd(OPTIONS);
    await run([busybox, 'true']);
    // Its files are then known, whether or not the image is there at a later look.
    await thaw(['pull', LAYERED]);
    const before = await this.#quiet();
    const counting = new Counting(COUNTER);
    const filing = new Filing(FILER, VOLUME);
    try {
      await filing.start();
      await thaw(runWords('-d', '--name', SOURCE, busybox, 'sleep', '100000'));
      const standing = await Promise.all(STANDING.map((name) => running(name)));
      const domains = new Map(standing.map(({ name, domid }) => [name, domid]));
      const during = await this.#quiet(STANDING.length);
      const { kills, longestMs = Infinity } = this.#wish;
      const latest = Date.now() + longestMs;
      while (thawd.kills < kills && this.faults.length < FAULTS_MAX && Date.now() < latest) {
        this.#round++;
        await this.#strike(thawd, domains, during);
      }
      this.#note('numbered lines', await counting.end());
      this.#note('files of a volume', await filing.end());
    } finally {
      await thaw(['rm', '--force', ...(await list()).map(({ name }) => name)]);
      await thaw(['volume', 'rm', VOLUME]);
    }
    this.#compare('at the end', before, await this.#quiet(0, before));
    await thaw(['rmi', LAYERED]);
    await stopThawd();
    await startThawd();
    return thawd.kills;
  }

  /** Runs one round: work begins, thawd dies, and the next thawd starts, perhaps after another that dies as it starts. Then checks everything. */
  async #strike(
    thawd: MortalThawd,
    domains: Map<string, number | undefined>,
    during: Left,
  ): Promise<void> {
    const random = this.#random;
    const names = [
      random.pick(this.#wish.work),
      ...(random.chance(0.3) ? [random.pick(this.#wish.work)] : []),
    ];
    const chosen = [...new Set(names)];
    const took = Math.max(...chosen.map((name) => WORK[name]?.takesMs ?? 0));
    const [waitMs, pauseMs] = [random.below(took), random.chance(0.2) ? random.below(2000) : 0];
    const again: number[] = [];
    while (random.chance(0.35)) again.push(random.next());
    const what = `${this.#round}: ${chosen.join(' + ')}, killed after ${waitMs} ms, and ${again.length} times as it started`;
    const begun = chosen.map((name, index) => {
      const task: Task = { random, name: `k${this.#round}-${index}`, source: SOURCE };
      return { name, checked: WORK[name]?.begin(task) };
    });
    await delay(waitMs);
    await thawd.kill();
    await delay(pauseMs);
    thawd.start();
    for (const share of again) {
      await delay(share * this.#readyMs);
      await thawd.kill();
      thawd.start();
    }
    const readyMs = await thawd.answers();
    this.#readyMs = Math.min(readyMs, this.#readyMs);
    const readyAt = Date.now();
    for (const { name, checked } of begun) {
      try {
        await (
          await checked
        )?.();
      } catch (error) {
        this.#note(`round ${what}: ${name}`, [
          error instanceof Error ? error.message : String(error),
        ]);
      }
    }
    const checkedMs = Date.now() - readyAt;
    await this.#look(what, domains, during);
    const lookMs = Date.now() - readyAt - checkedMs;
    note(`${what}: ready in ${readyMs} ms, checked in ${checkedMs} and ${lookMs} ms`);
  }

  async #look(what: string, domains: Map<string, number | undefined>, during: Left): Promise<void> {
    const now = await list();
    for (const [name, domid] of domains) {
      const found = now.find((container) => container.name === name);
      if (found?.state !== 'running' || found.domid !== domid)
        this.#note(`round ${what}`, [`${name} is ${JSON.stringify(found)}`]);
    }
    const others = now.filter(({ name }) => !domains.has(name));
    if (others.length > 0) {
      this.#note(`round ${what}`, [`left are ${JSON.stringify(others)}`]);
      await thaw(['rm', '--force', ...others.map(({ name }) => name)]);
    }
    this.#compare(`round ${what}`, during, await this.#quiet(domains.size, during));
  }

  /**
   * Waits until only the domains of `containers` containers are left and all other processes have ended, and no more than `wanted` exists. Returns
   * the resources. dom0's block back end closes a dead domain's disks a moment after the domain is gone, and loop devices end with their last user.
   */
  async #quiet(containers = 0, wanted?: Left): Promise<Left> {
    let last: Left | undefined;
    await until(
      'domains and shims of ended containers to go',
      async () => {
        last = await left();
        // The last node that a starting container's domain gets.
        const written = last.xenstoreNodes.filter((path) => /^\/libxl\/[1-9]/.test(path));
        return (
          last.domains.length === 1 + containers &&
          written.length === containers &&
          last.shims === containers &&
          last.tools.length === 0 &&
          (!wanted || differences(wanted, last).length === 0)
        );
      },
      GONE_MS,
    ).catch(() => undefined);
    return last ?? left();
  }

  #compare(when: string, wanted: Left, found: Left): void {
    for (const { key, more, less } of differences(wanted, found))
      this.#note(`${when}: ${key}`, [`left over: ${more.join(', ')}; gone: ${less.join(', ')}`]);
  }

  #note(where: string, faults: readonly string[]): void {
    for (const fault of faults) {
      const line = `${where}: ${fault}`;
      this.faults.push(line);
      note(`FAULT ${line}`);
      this.#t.log(line);
    }
  }
}

/** Programs that thawd runs; none may outlive it. */
const TOOLS =
  /^(skopeo|choom|setpriv|mkfs\.\w+|tar|zstd|nft|ip|mount|umount|rm|libxl-save-helper)$/;
const OF_DOMAIN = /^\/(vm\/[^/]+|libxl\/\d+|local\/domain\/(\d+|0\/backend\/\w+\/\d+))$/;
const INSIDE =
  /\/volumes\/[^/]+\/_data\/|^\/run\/thaw\/volumes$|\/ctr\.log|\/resolv|aardvark|\/dns/;

function differences(
  wanted: Left,
  found: Left,
): { key: keyof Left; more: string[]; less: string[] }[] {
  return (Object.keys(wanted) as (keyof Left)[])
    .map((key) => {
      const [before, after] = [[wanted[key]].flat().map(String), [found[key]].flat().map(String)];
      const more = after.filter((one) => !before.includes(one));
      const less = key === 'images' ? [] : before.filter((one) => !after.includes(one));
      return { key, more, less };
    })
    .filter(({ more, less }) => more.length + less.length > 0);
}

async function left(): Promise<Left> {
  const found = await holdings();
  const here = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return {
    domains: found.domains,
    loopDevices: found.loopDevices,
    mounts: found.mounts,
    libxlHelpers: found.libxlHelpers,
    // File servers and the relay are the monitor's children.
    shims: pidsOf(/thaw-shim --domid /).length,
    // One path of each kind for a domain; the nodes below change while it lives.
    xenstoreNodes: found.xenstoreNodes.filter((path) => OF_DOMAIN.test(path)),
    runFiles: found.runFiles.filter((path) => !INSIDE.test(path)),
    stateFiles: found.stateFiles.filter((path) => !INSIDE.test(path)),
    images: here('/var/lib/thaw/images'),
    userdata: here('/var/lib/xen').filter((path) => path.includes('userdata')),
    tools: processes().filter((name) => TOOLS.test(name)),
  };
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
      } catch {
        return [];
      }
    });
}
