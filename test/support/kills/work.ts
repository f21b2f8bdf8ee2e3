// SPDX-License-Identifier: Apache-2.0
// The work that thaw does while its thawd is killed. Each piece of work checks afterwards that it was done fully or not at all, and leaves nothing of
// its own.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { command, wasCut } from './thawd.js';
import type { Random } from '../random.js';
import {
  busybox,
  guestType,
  images,
  list,
  runWords,
  until,
  type Listed,
  type Outcome,
} from '../dom0/thaw.js';

/** An image of several layers that no other container of these tests uses. */
export const LAYERED = `oci-archive:${images}/bad/layered.tar`;
/** Ends with 7 on SIGTERM. */
const SLEEPER = ['sh', '-c', 'trap "exit 7" TERM; sleep 100000 & wait'];
const ENDS_MS = 120_000;

export interface Task {
  random: Random;
  /** The beginning of the names of everything that the work makes. */
  name: string;
  /** A running container without a volume, to be copied and inspected. */
  source: string;
}

export interface Work {
  /** The approximate duration in the lab without kills. */
  takesMs: number;
  /** Begins at once. The returned function runs once thawd is back, and throws when the result is wrong. */
  begin(task: Task): Promise<() => Promise<void>>;
}

/** Runs commands until one is cut short; resolves with the number that were not. */
async function each(commands: string[][], check?: (at: number, got: Outcome) => void) {
  for (const [at, words] of commands.entries()) {
    const outcome = await command(words);
    if (wasCut(words, outcome)) return at;
    check?.(at, outcome);
  }
  return commands.length;
}

async function ok(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await command(words);
  if (status !== 0) throw new Error(`thaw ${words.join(' ')}: status ${status}, ${stderr}`);
  return stdout;
}

function same(what: string, found: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: ${one}, and not ${other}`);
}

const find = async (name: string): Promise<Listed | undefined> =>
  (await list()).find((container) => container.name === name);

async function gone(name: string): Promise<void> {
  await until(`${name} to be gone`, async () => (await find(name)) === undefined, ENDS_MS);
}

/** Returns the container when it exists in one of these states, neither being made nor half ended. */
async function settled(name: string, states: string[]): Promise<Listed> {
  const found = await find(name);
  if (!found || !states.includes(found.state))
    throw new Error(`${name} is ${JSON.stringify(found)}, and not ${states.join(' or ')}`);
  return found;
}

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');

/** A run: all output and the status, or a line with the reason; then the container goes. */
const runs: Work = {
  takesMs: 3000,
  begin: ({ random, name }) => {
    const [count, code] = [1000 + random.below(5000), 1 + random.below(100)];
    const anonymous = random.chance(0.5) ? ['-v', '/anonymous'] : [];
    const script = `seq 1 ${count}; exit ${code}`;
    const words = runWords('--rm', ...anonymous, '--name', name, busybox, 'sh', '-c', script);
    const running = command(words);
    return Promise.resolve(async () => {
      const { status, stdout, stderr } = await running;
      if (status === code) same(`output of ${name}`, stdout, lines(count));
      else if (!wasCut(words, { status, stdout, stderr }))
        throw new Error(`${name} ended with 0 and not ${code}`);
      else if (!lines(count).startsWith(stdout))
        throw new Error(`${name} wrote something else: ${stdout.slice(-200)}`);
      await gone(name);
    });
  },
};

/** A detached container, through all changes of state. */
const lives: Work = {
  takesMs: 9000,
  begin: ({ random, name }) => {
    const made = random.chance(0.5)
      ? [runWords('-d', '--name', name, busybox, ...SLEEPER)]
      : [
          ['create', ...runWords('--name', name, busybox, ...SLEEPER).slice(1)],
          ['start', name],
        ];
    const then: string[][][] = [
      [['restart', '--time', '120', name]],
      [
        ['pause', name],
        ['unpause', name],
      ],
      [
        ['rename', name, `${name}-b`],
        ['rename', `${name}-b`, name],
      ],
      [
        ['stop', '--time', '120', name],
        ['start', name],
      ],
    ];
    const all = [
      ...made,
      random.pick(then),
      random.pick(then),
      [['stop', '--time', '120', name]],
    ].flatMap((step) => (Array.isArray(step[0]) ? (step as string[][]) : [step as string[]]));
    const done = each(all);
    return Promise.resolve(async () => {
      const count = await done;
      const now = (await find(name)) ?? (await find(`${name}-b`));
      if (count === all.length) {
        const { exitStatus } = await settled(name, ['exited']);
        same(`status of ${name}`, exitStatus, 7);
      } else if (count >= made.length || now) {
        // Each state that it can have been in.
        const {
          name: current,
          state,
          exitStatus,
        } = await settled(now?.name ?? name, [...['created', 'running', 'paused', 'exited']]);
        if (state === 'exited') same(`status of ${name}`, exitStatus, 7);
        if (state === 'paused') await ok('unpause', current);
        if (state === 'created' || state === 'exited') await ok('start', current);
        same(`output of a command in ${name}`, await ok('exec', current, 'echo', 'it'), 'it\n');
      }
      // Its name is free again, whatever happened to it.
      for (const left of [name, `${name}-b`]) if (await find(left)) await ok('rm', '--force', left);
      await gone(name);
    });
  },
};

/** A container made, started and waited for: its exit status is kept. */
const ends: Work = {
  takesMs: 5000,
  begin: ({ random, name }) => {
    const code = 1 + random.below(100);
    const script = `echo begun; sleep ${random.below(3)}; echo ended; exit ${code}`;
    const words = runWords('-d', '--name', name, busybox, 'sh', '-c', script);
    const started = command(words);
    return Promise.resolve(async () => {
      const cut = wasCut(words, await started);
      if (cut && !(await find(name))) return;
      same(`what thaw wait says of ${name}`, await ok('wait', name), `${code}\n`);
      same(`log of ${name}`, await ok('logs', name), 'begun\nended\n');
      const { exitStatus } = await settled(name, ['exited']);
      same(`status of ${name}`, exitStatus, code);
      await ok('rm', name);
    });
  },
};

/** A container removed by force: it exists or it does not. */
const removes: Work = {
  takesMs: 5000,
  begin: ({ name }) => {
    const done = each([
      runWords('-d', '-v', '/anonymous', '--name', name, busybox, ...SLEEPER),
      ['rm', '--force', '--volumes', name],
    ]);
    return Promise.resolve(async () => {
      const count = await done;
      if (count === 2) return gone(name);
      if (!(await find(name))) return;
      await settled(name, ['running']);
      await ok('rm', '--force', '--volumes', name);
    });
  },
};

/** A process beside the first one: its own status, or a line with the reason. */
const execs: Work = {
  takesMs: 2500,
  begin: ({ random, source }) => {
    const [code, count] = [1 + random.below(100), 1 + random.below(3000)];
    const words = ['exec', source, 'sh', '-c', `seq 1 ${count}; sleep 1; exit ${code}`];
    const running = command(words);
    return Promise.resolve(async () => {
      const outcome = await running;
      if (outcome.status === code) return same('output of exec', outcome.stdout, lines(count));
      if (!wasCut(words, outcome)) throw new Error(`thaw exec ended with 0 and not ${code}`);
    });
  },
};

/** An image that is pulled: complete or missing. */
const pulls: Work = {
  takesMs: 5000,
  begin: () => {
    const again = async (): Promise<void> => {
      const words = ['rmi', LAYERED];
      const outcome = await command(words);
      if (!/Cannot find image/.test(outcome.stderr) && wasCut(words, outcome)) return;
      await each([['pull', LAYERED]]);
    };
    const done = again();
    return Promise.resolve(async () => {
      await done;
      same('unfinished pulls', readdirSync('/var/lib/thaw/images/tmp'), []);
      const json = JSON.parse(await ok('images', '--json')) as { names?: string[] }[];
      for (const image of json)
        if ((image.names ?? []).length === 0) throw new Error('An image has no name');
      const words = runWords('--rm', '--pull', 'never', LAYERED, 'ls');
      const { status, stderr } = await command(words);
      if (status !== 0 && !/Cannot find image/.test(stderr))
        throw new Error(`its image: ${stderr}`);
    });
  },
};

interface Template {
  name?: string;
}

const templates = async (): Promise<(string | undefined)[]> =>
  (JSON.parse(await ok('templates', '--json')) as Template[]).map(({ name }) => name);

/** A frozen image either runs or does not exist. */
async function frozenWorks(name: string, status: number): Promise<void> {
  if (!(await templates()).includes(name)) return;
  const outcome = await command(['run', '--rm', '--frozen', name]);
  same(`status of the frozen ${name} (${outcome.stderr})`, outcome.status, status);
  await ok('unfreeze', name);
  if (existsSync(`/var/lib/thaw/frozen/${name}`)) throw new Error(`Of ${name} a folder is left`);
}

const freezes: Work = {
  takesMs: 14_000,
  begin: ({ random, name }) => {
    const freeze = ['freeze', '--name', name, busybox, 'sh', '-c', 'exit 3'];
    const done = each([freeze, ...(random.chance(0.3) ? [['unfreeze', name]] : [])]);
    return Promise.resolve(async () => {
      await done;
      await frozenWorks(name, 3);
    });
  },
};

const IS_BUSY = /another process was started in it and still runs/;

/** A running container is copied, and continues. */
const copies: Work = {
  takesMs: 9000,
  begin: ({ random, name, source }) => {
    const clone = ['clone', '--name', name, source];
    const freeze = ['freeze', '--name', name, '--after', 'true', source];
    const words = random.chance(0.5) ? clone : freeze;
    const done = command(words);
    return Promise.resolve(async () => {
      const outcome = await done;
      // Other work at that moment may be a command in the same container, which is a reason to refuse.
      if (!IS_BUSY.test(outcome.stderr)) wasCut(words, outcome);
      await settled(source, ['running']);
      same(`a command in ${source}`, await ok('exec', source, 'echo', 'it'), 'it\n');
      const copy = await find(name);
      if (copy) {
        await settled(name, ['running']);
        same(`a command in ${name}`, await ok('exec', name, 'echo', 'it'), 'it\n');
        await ok('rm', '--force', name);
      }
      if ((await templates()).includes(name)) await ok('unfreeze', name);
      same('copies of disks', filesIn('/var/lib/thaw/copies'), []);
    });
  },
};

const filesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** Volumes with a file system of their own are mounted and unmounted in dom0. */
const volumes: Work = {
  takesMs: 6000,
  begin: ({ name }) => {
    const done = each([
      ['volume', 'create', '--opt', 'size=16m', name],
      runWords('--rm', '--name', name, '-v', `${name}:/data`, busybox, 'touch', '/data/x'),
      ['volume', 'rm', name],
    ]);
    return Promise.resolve(async () => {
      const count = await done;
      await gone(name);
      const mounted = (): boolean => readFileSync('/proc/mounts', 'utf8').includes(`/${name} `);
      await until(`${name} to be unmounted`, () => !mounted());
      const isThere = (await ok('volume', 'ls', '-q')).split('\n').includes(name);
      if (count === 3 && isThere) throw new Error(`Volume ${name} is still there`);
      if (isThere) await ok('volume', 'rm', name);
    });
  },
};

/** Containers of a pod come and go, each with host shares over a device of its own. */
const pods: Work = {
  takesMs: 12_000,
  begin: ({ name }) => {
    const [pod, volume] = [`${name}-pod`, `${name}-data`];
    const inPod = (...words: string[]) => ['run', '--pod', pod, '-v', `${volume}:/data`, ...words];
    const done = each([
      ['pod', 'create', '--type', guestType, '--memory', '128m', '--name', pod],
      inPod('-d', '--name', name, busybox, ...SLEEPER),
      inPod('--rm', '--name', `${name}-b`, busybox, 'touch', '/data/x'),
      ['rm', '--force', name],
      ['pod', 'rm', '--force', pod],
      ['volume', 'rm', volume],
    ]);
    return Promise.resolve(async () => {
      await done;
      await gone(`${name}-b`);
      const left = await find(name);
      if (left) {
        await settled(name, ['running']);
        await ok('exec', name, 'touch', '/data/y');
      }
      const all = async (...words: string[]): Promise<string[]> => (await ok(...words)).split('\n');
      if ((await all('pod', 'ps', '--format', '{{.Name}}')).includes(pod))
        await ok('pod', 'rm', '--force', pod);
      if ((await all('volume', 'ls', '-q')).includes(volume)) await ok('volume', 'rm', volume);
    });
  },
};

/** A network of its own: its bridge exists while the network does. */
const networks: Work = {
  takesMs: 5000,
  begin: ({ name }) => {
    const network = `n-${name}`;
    const done = each([
      ['network', 'create', network],
      runWords('--rm', '--name', name, '--network', network, '-p', '18080:80', busybox, 'true'),
      ['network', 'rm', network],
    ]);
    return Promise.resolve(async () => {
      await done;
      await gone(name);
      const left = (await ok('network', 'ls', '--format', '{{.Name}}')).split('\n');
      if (left.includes(network)) await ok('network', 'rm', network);
      const bridges = readdirSync('/sys/class/net').filter((device) => /^thaw\d+$/.test(device));
      same('bridges', bridges, ['thaw0']);
    });
  },
};

/** A file is copied in and comes back. */
const files: Work = {
  takesMs: 4000,
  begin: ({ random, name, source }) => {
    const text = `${random.next()}\n`.repeat(20_000);
    const [there, back] = [`/tmp/${name}`, `/tmp/${name}.back`];
    writeFileSync(there, text);
    const done = each([
      ['cp', there, `${source}:/tmp/${name}`],
      ['cp', `${source}:/tmp/${name}`, back],
      ['exec', source, 'rm', '-f', `/tmp/${name}`],
    ]);
    return Promise.resolve(async () => {
      if ((await done) >= 2)
        same('a file that came back', readFileSync(back, 'utf8') === text, true);
      await ok('exec', source, 'rm', '-f', `/tmp/${name}`);
    });
  },
};

/** The quick kinds of work come first: the short suite runs them. */
export const WORK: Record<string, Work> = {
  runs,
  execs,
  ends,
  removes,
  lives,
  pulls,
  files,
  volumes,
  pods,
  networks,
  copies,
  freezes,
};
