// SPDX-License-Identifier: Apache-2.0
// Updated limits apply to the container at once, xl shows them, records keep them, and a refused update changes nothing.

import test, { type ExecutionContext } from 'ava';
import { longOnce } from '../../support/long.js';
import {
  busybox,
  command,
  guestType,
  killThawd,
  list,
  runWords,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

const NAME = 'updated';
const SLEEP = [busybox, 'sleep', '1000'];

/** Returns the output of a program in the container. */
async function inside(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await thaw(['exec', NAME, ...words]);
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

async function memTotalMib(): Promise<number> {
  return Number(/MemTotal: +(\d+)/.exec(await inside('cat', '/proc/meminfo'))?.[1]) / 1024;
}

/** Its domain's memory in MiB, and vCPUs. */
async function seenByXl(): Promise<{ mib: number; vcpus: number }> {
  const row = new RegExp(`^${NAME} +\\d+ +(\\d+) +(\\d+) `, 'm').exec(
    await command('xl', ['list']),
  );
  return { mib: Number(row?.[1]), vcpus: Number(row?.[2]) };
}

async function inspected(format: string): Promise<string> {
  return (await thaw(['inspect', '--format', format, NAME])).stdout.trim();
}

const LIMITS = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}';

async function update(t: ExecutionContext, ...words: string[]): Promise<void> {
  const { status, stdout, stderr } = await thaw(['update', ...words, NAME]);
  t.is(status, 0, stderr);
  t.is(`${stdout.trim()}`, await inspected('{{.Id}}'));
}

test.afterEach.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
});

test.serial('memory grows and shrinks while it runs, and keeps what is in it', async (t) => {
  t.timeout(600_000);
  await thaw(runWords('-d', '--rm', '--name', NAME, ...SLEEP));
  await inside('sh', '-c', 'head -c 25165824 /dev/urandom >/dev/shm/fill; sync');
  const sum = await inside('sha256sum', '/dev/shm/fill');
  const first = await memTotalMib();
  for (const mib of [192, 80, 128, 96]) {
    await update(t, '--memory', `${mib}m`);
    const now = await memTotalMib();
    const expected = first + mib - 64;
    t.true(now > expected - 8 && now <= expected + 1, `${now} MiB of ${mib}, ${first} of 64`);
    // Xen counts a page or two more than the guest's memory.
    const { mib: seen } = await seenByXl();
    t.true(seen >= mib - 2 && seen <= mib + 1, `xl says ${seen} of ${mib}`);
    t.is(await inspected('{{.HostConfig.Memory}}'), String(mib * 2 ** 20));
    const { stdout } = await thaw(['stats', '--no-stream', '--format', '{{.MemUsage}}', NAME]);
    t.regex(stdout, new RegExp(` / ${mib} MiB`));
  }
  t.is(await inside('sha256sum', '/dev/shm/fill'), sum);
  // Added memory is usable, and removed memory is not.
  await inside('sh', '-c', 'head -c 33554432 /dev/zero >/dev/shm/more; rm /dev/shm/more');
  const used = await thaw(['update', '--memory', '32m', NAME]);
  t.is(used.status, 125);
  t.regex(used.stderr, /Cannot shrink container "updated" to 32 MiB: it uses/);
  const least = await thaw(['update', '--memory', '5m', NAME]);
  t.is(least.status, 2, least.stderr);
  t.is(await inspected('{{.HostConfig.Memory}}'), String(96 * 2 ** 20));
  // The updated size can be cloned.
  const cloned = await thaw(['clone', '--name', `${NAME}-too`, NAME]);
  t.is(cloned.status, 0, cloned.stderr);
  const copy = await thaw(['exec', `${NAME}-too`, 'sha256sum', '/dev/shm/fill']);
  t.is(copy.stdout.trim(), sum, copy.stderr);
});

longOnce('CPUs and processes change, and thawd killed then finds them so', async (t) => {
  t.timeout(600_000);
  const info = JSON.parse((await thaw(['info', '--json'])).stdout) as { host: { cpus: number } };
  const most = Math.max(2, info.host.cpus);
  const template = `${guestType}/${most}`;
  const options = ['--template', template, '--pids-limit', '100'];
  const ran = await thaw(runWords('-d', '--name', NAME, ...options, ...SLEEP));
  t.is(ran.status, 0, ran.stderr);
  const { stdout } = await thaw(['templates', '--format', '{{.Name}}']);
  t.true(stdout.split('\n').includes(template), stdout);
  const limits = () =>
    inside('sh', '-c', 'nproc; cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max');
  t.is(await limits(), '1\nmax 100000\n100');
  await update(t, '--cpus', '2', '--pids-limit', '-1');
  t.is(await limits(), '2\nmax 100000\nmax');
  t.is((await seenByXl()).vcpus, 2);
  await update(t, '--cpus', '1');
  t.is(await limits(), '1\nmax 100000\nmax');
  await update(t, '--cpus', '1.5', '--pids-limit', '50', '--memory', '72m');
  t.is(await limits(), '2\n150000 100000\n50');
  t.is((await seenByXl()).vcpus, 2);
  await killThawd();
  await startThawd();
  t.is(await inspected(LIMITS), `${72 * 2 ** 20} 1500000000 50`);
  t.is(await limits(), '2\n150000 100000\n50');
  const { mib } = await seenByXl();
  t.true(mib >= 70 && mib <= 73, `${mib} MiB`);
  const refused = await thaw(['update', '--cpus', String(most + 1), NAME]);
  t.is(refused.status, 2);
  t.is(await limits(), '2\n150000 100000\n50');
});

longOnce(
  'one that does not run has them at its next start, and one that is paused is refused',
  async (t) => {
    t.timeout(600_000);
    await thaw(['create', '--name', NAME, '--memory', '64m', busybox, 'sleep', '1000']);
    await update(
      t,
      '--memory',
      '80m',
      '--cpus',
      '1.5',
      '--pids-limit',
      '60',
      '--restart',
      'always',
    );
    t.is(await inspected(`${LIMITS} {{.HostConfig.RestartPolicy.Name}}`), `${80 * 2 ** 20} 1500000000 60 always`); // prettier-ignore
    t.is((await thaw(['start', NAME])).status, 0);
    t.is(await inside('sh', '-c', 'nproc; cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max'), '2\n150000 100000\n60'); // prettier-ignore
    t.true(Math.abs((await seenByXl()).mib - 80) <= 2);
    await thaw(['pause', NAME]);
    t.is((await thaw(['update', '--memory', '96m', NAME])).status, 125);
    await update(t, '--restart', 'no');
    await thaw(['unpause', NAME]);
    await update(t, '--memory', '96m');
    // The limits of the running container also apply to its next start.
    await thaw(['restart', '-t', '0', NAME]);
    await until('it runs', async () => (await list())[0]?.state === 'running');
    t.true(Math.abs((await seenByXl()).mib - 96) <= 2);
    t.is((await thaw(['update', '--memory', '96m', 'nobody'])).status, 125);
    t.is((await thaw(['update', NAME])).status, 2);
    await thaw(['stop', '-t', '0', NAME]);
    await update(t, '--cpus', '1');
    t.is(await inspected(LIMITS), `${96 * 2 ** 20} 1000000000 60`);
  },
);
