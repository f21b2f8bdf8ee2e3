// SPDX-License-Identifier: Apache-2.0
// Stats are accurate: compares them with the container's work, with xl, and with /proc inside.

import test from 'ava';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';
import {
  busybox,
  command,
  list,
  runWords,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

const NAME = 'figures';
/** 16 MiB in memory, an idle process and a busy one. */
const SCRIPT =
  'head -c 16777216 /dev/zero >/dev/shm/fill; sleep 1000 & until [ -e /dev/shm/calm ]; do :; done; wait';

interface Stats {
  CPUPerc: string;
  DomainCPUPerc: string;
  MemUsage: string;
  NetIO: string;
  PIDs: string;
}

async function stats(): Promise<Stats> {
  const { stdout } = await thaw(['stats', '--no-stream', '--format', 'json', NAME]);
  return (JSON.parse(stdout) as Stats[])[0]!;
}

const mib = (text: string) => Number(/^([\d.]+) MiB/.exec(text)?.[1] ?? NaN);

test.before(async () => {
  await thaw(runWords('-d', '--name', NAME, '--cap-add', 'NET_RAW', busybox, 'sh', '-c', SCRIPT));
});

test.after.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
});

longOnPv('memory is what was filled, processes are those that run', async (t) => {
  const found = await until('it has filled its memory', async () => {
    const now = await stats();
    return mib(now.MemUsage) >= 16 && now;
  });
  t.true(mib(found.MemUsage) < 24, found.MemUsage);
  t.regex(found.MemUsage, / \/ 64 MiB$/);
  await until('both processes', async () => (await stats()).PIDs === '2');
  const inside = await thaw(['exec', NAME, 'cat', '/sys/fs/cgroup/memory.current']);
  const difference = Number(inside.stdout) / 2 ** 20 - mib((await stats()).MemUsage);
  t.true(Math.abs(difference) < 4, `${difference} MiB`);
});

longOnPv(
  'CPU time is what xl says the domain had, and most of it is the container’s',
  async (t) => {
    const seconds = async () => {
      const text = await command('xl', ['list']);
      return Number(new RegExp(`^${NAME} .* ([\\d.]+)$`, 'm').exec(text)?.[1] ?? NaN);
    };
    const { stdout: started } = await thaw(['inspect', '--format', '{{.State.StartedAt}}', NAME]);
    const before = await seconds();
    const asked = Date.now();
    const now = await stats();
    const answered = Date.now();
    const after = await seconds();
    // The sample lies between these two moments and covers the whole run.
    const [least = 0, most = 0] = [asked, answered].map(
      (at) => (parseFloat(now.DomainCPUPerc) / 100) * ((at - Date.parse(started.trim())) / 1000),
    );
    t.true(
      most > before - 2 && least < after + 2,
      `${before} s, ${least} to ${most} s, ${after} s`,
    );
    // Both count from its start. The guest's own share shrinks as it runs longer.
    const mostly = async () => {
      const { CPUPerc, DomainCPUPerc } = await stats();
      return parseFloat(CPUPerc) > parseFloat(DomainCPUPerc) / 2;
    };
    t.true(await until('most of it is the container’s', mostly));
  },
);

longOnPv('top lists them as the container sees them', async (t) => {
  const { stdout } = await thaw(['top', NAME, 'pid', 'user', 'state', 'args']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((row) => row.split(/ {3,}/));
  t.deepEqual(rows[0], ['PID', 'USER', 'STATE', 'COMMAND']);
  t.is(rows.length, 3);
  t.deepEqual(rows[1]?.slice(0, 3), ['1', 'root', 'R']);
  t.deepEqual(rows[2]?.slice(1), ['root', 'S', 'sleep 1000']);
  const inside = await thaw(['exec', NAME, 'ps', '-o', 'pid,args']);
  t.regex(inside.stdout, new RegExp(`^ *${rows[2]?.[0]} sleep 1000$`, 'm'));
});

longOnPv('what it receives and sends is counted', async (t) => {
  const kib = (text: string) =>
    text.split(' / ').map((part) => parseFloat(part) * (part.endsWith('MiB') ? 1024 : part.endsWith('KiB') ? 1 : 1 / 1024)); // prettier-ignore
  const [inBefore = 0, outBefore = 0] = kib((await stats()).NetIO);
  const format = '{{.NetworkSettings.IPAddress}}';
  const address = (await thaw(['inspect', '--format', format, NAME])).stdout.trim();
  await command('ping', ['-q', '-c', '40', '-i', '0.1', '-s', '1400', address]);
  const [inAfter = 0, outAfter = 0] = kib((await stats()).NetIO);
  t.true(inAfter - inBefore > 40 && inAfter - inBefore < 90, `${inAfter - inBefore} KiB in`);
  t.true(outAfter - outBefore > 40 && outAfter - outBefore < 90, `${outAfter - outBefore} KiB out`);
});

longOnce('Prometheus finds the same where thawd was told to', async (t) => {
  // Two starts of thawd beside a busy domain take a minute more.
  await thaw(['exec', NAME, 'touch', '/dev/shm/calm']);
  await stopThawd();
  await startThawd(['--metrics', '127.0.0.1:9120']);
  const text = await command('curl', ['-sf', 'http://127.0.0.1:9120/metrics']).catch(() =>
    command('python3', [
      '-c',
      'import urllib.request as u; print(u.urlopen("http://127.0.0.1:9120/metrics").read().decode())',
    ]),
  );
  const memory = /^thaw_container_memory_bytes\{.*name="figures".*\} (\d+)$/m.exec(text)?.[1];
  t.true(Math.abs(Number(memory) / 2 ** 20 - mib((await stats()).MemUsage)) < 4, memory);
  t.regex(text, /^thaw_containers\{state="running"\} 1$/m);
  t.regex(text, /^thaw_xen_memory_free_bytes \d+$/m);
  await stopThawd();
  await startThawd();
});

once('who is killed for want of memory is said to be', async (t) => {
  t.timeout(300_000);
  const own = ['--cap-add', 'IPC_LOCK', '--memory', '48m', '-v', '/root/tests/files:/t:ro'];
  const ran = await thaw(['run', '--name', 'wants', ...own, busybox, '/t/want-memory']);
  t.is(ran.status, 137, ran.stderr);
  const format = '{{.State.OOMKilled}} {{.State.ExitCode}}';
  t.is((await thaw(['inspect', '--format', format, 'wants'])).stdout, 'true 137\n');
  await thaw(['rm', 'wants']);
});

once('it is killed at once also in the smallest domain', async (t) => {
  t.timeout(300_000);
  const own = ['--cap-add', 'IPC_LOCK', '--memory', '32m', '-v', '/root/tests/files:/t:ro'];
  const script =
    'read a b </proc/uptime; /t/want-memory; echo $?; read c d </proc/uptime; echo $a $c';
  const ran = await thaw(['run', '--rm', ...own, busybox, 'sh', '-c', script]);
  const [, status, from, to] = /^(\d+)\n([\d.]+) ([\d.]+)\n$/.exec(ran.stdout) ?? [];
  t.is(status, '137', ran.stdout + ran.stderr);
  // Bounds the time in which the guest's kernel waits for more memory: there is none.
  t.true(Number(to) - Number(from) < 40, ran.stdout);
});

longOnPv('a paused one has its domain’s figures alone', async (t) => {
  await thaw(['pause', NAME]);
  const now = await stats();
  t.is(now.PIDs, '--');
  t.regex(now.DomainCPUPerc, /^[\d.]+%$/);
  t.is((await thaw(['top', NAME])).status, 125);
  await thaw(['unpause', NAME]);
  await until('it has figures again', async () => (await stats()).PIDs === '2');
});
