// SPDX-License-Identifier: Apache-2.0
// Other tools act behind thaw's back: a shim or xenconsoled is killed, xl pauses or shuts down a domain. At most one container ends,
// and thaw reports its fate.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { once } from '../../support/once.js';
import {
  busybox,
  command,
  killThawd,
  list,
  pidsOf,
  run,
  running,
  runWords,
  startThaw,
  startThawd,
  thaw,
  until,
  type Listed,
} from '../../support/dom0/thaw.js';
import { consoleOpens } from '../../support/xen/xl-console.js';

const SLEEPER = ['sh', '-c', 'trap "exit 7" TERM; sleep 100000 & wait'];

test.after.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
});

async function sleeper(t: ExecutionContext, name: string): Promise<Listed> {
  const { status, stderr } = await thaw(runWords('-d', '--name', name, busybox, ...SLEEPER));
  t.is(status, 0, stderr);
  return running(name);
}

const works = async (t: ExecutionContext, name: string): Promise<void> => {
  const { stdout, stderr } = await thaw(['exec', name, 'echo', 'it']);
  t.is(stdout, 'it\n', `${name}: ${stderr}`);
};

/** The pid of the domain's monitor (`--domid`) or relay (`--relay`). */
function shimOf({ domid }: Listed, part: 'domid' | 'relay' = 'domid'): number {
  const [pid, ...more] = pidsOf(new RegExp(`^\\S*thaw-shim --${part} ${domid}( |$)`));
  if (pid === undefined || more.length > 0) throw new Error(`Domain ${domid} has no shim`);
  return pid;
}

const domainIsListed = async ({ domid }: Listed): Promise<boolean> =>
  new RegExp(`^\\S+ +${domid} `, 'm').test(await command('xl', ['list']));

const lost = (name: string): Promise<Listed> =>
  until(`${name} is lost`, async () =>
    (await list()).find((container) => container.name === name && container.state === 'lost'),
  );

once('kill -9 of one shim among three ends its sandbox alone, and thaw says so', async (t) => {
  t.timeout(600_000);
  const one = await sleeper(t, 'behind-one');
  const attached = startThaw(runWords('--name', 'behind-two', busybox, ...SLEEPER));
  const [two, three] = [await running('behind-two'), await sleeper(t, 'behind-three')];
  process.kill(shimOf(two), 'SIGKILL');
  const { status, stderr } = await attached.done;
  t.is(status, 125);
  t.regex(stderr, /^thaw: Lost the container's streams: its thaw-shim ended\n$/);
  t.is((await lost('behind-two')).reason, 'its shim was killed');
  const { stdout } = await thaw(['ps', '--all', '--filter', 'name=behind-two']);
  t.regex(stdout, /Lost/);
  const inspected = await thaw(['inspect', '--format', '{{.State.Error}}', 'behind-two']);
  t.regex(inspected.stdout, /its shim was killed/);
  await until('its domain is gone', async () => !(await domainIsListed(two)));
  for (const other of [one, three]) {
    t.is((await running(other.name)).domid, other.domid);
    await works(t, other.name);
  }

  await killThawd();
  process.kill(shimOf(three), 'SIGKILL');
  await startThawd();
  t.regex((await lost('behind-three')).reason ?? '', /its shim ended while no thawd ran/);
  await works(t, 'behind-one');
  t.is((await thaw(['start', 'behind-two'])).status, 0, 'it can be started again');
  await works(t, 'behind-two');
  t.is((await thaw(['rm', '--force', 'behind-two', 'behind-three'])).status, 0);
});

once('kill -9 of one relay ends its sandbox alone, and thaw says so', async (t) => {
  t.timeout(600_000);
  const attached = startThaw(runWords('--name', 'behind-relay', busybox, ...SLEEPER));
  const container = await running('behind-relay');
  process.kill(shimOf(container, 'relay'), 'SIGKILL');
  const { status, stderr } = await attached.done;
  t.is(status, 125);
  t.regex(stderr, /^thaw: Lost the container's streams: its thaw-shim ended\n$/);
  t.is((await lost('behind-relay')).reason, 'its relay ended');
  await until('its domain is gone', async () => !(await domainIsListed(container)));
  t.deepEqual(pidsOf(new RegExp(`thaw-shim --(domid|relay) ${container.domid}( |$)`)), []);
  await works(t, 'behind-one');
  t.is((await thaw(['start', 'behind-relay'])).status, 0, 'it can be started again');
  await works(t, 'behind-relay');
  t.is((await thaw(['rm', '--force', 'behind-relay'])).status, 0);
});

once('xenconsoled is killed and comes back under containers that run', async (t) => {
  t.timeout(600_000);
  const before = await running('behind-one');
  const [pid = 0] = pidsOf(/^\S*xenconsoled( |$)/);
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    .split('\0')
    .filter((word) => word !== '');
  process.kill(pid, 'SIGKILL');
  await until('xenconsoled is gone', () => !existsSync(`/proc/${pid}`));
  try {
    await works(t, 'behind-one');
    t.is((await run([busybox, 'echo', 'without'])).stdout, 'without\n');
  } finally {
    spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
  }
  await until('xenconsoled runs', () => pidsOf(/^\S*xenconsoled( |$)/).length > 0);
  await works(t, 'behind-one');
  t.is((await running('behind-one')).domid, before.domid);
  await sleeper(t, 'behind-after');
  for (const name of ['behind-one', 'behind-after'])
    await until(`xl console of ${name}`, () => consoleOpens(name));
  t.is((await thaw(['rm', '--force', 'behind-after'])).status, 0);
});

once('a domain that xl pauses is a paused container, and goes on by either hand', async (t) => {
  t.timeout(600_000);
  const status = async () =>
    (await thaw(['inspect', '--format', '{{.State.Status}}', 'behind-one'])).stdout.trim();
  await command('xl', ['pause', 'behind-one']);
  t.is((await list()).find(({ name }) => name === 'behind-one')?.state, 'paused');
  const refused = await thaw(['exec', 'behind-one', 'true']);
  t.is(refused.status, 125);
  t.regex(refused.stderr, /^thaw: [^\n]*paused[^\n]*\n$/);
  await command('xl', ['unpause', 'behind-one']);
  t.is(await status(), 'running');
  await works(t, 'behind-one');
  await command('xl', ['pause', 'behind-one']);
  t.is((await thaw(['unpause', 'behind-one'])).status, 0);
  await works(t, 'behind-one');
  await command('xl', ['pause', 'behind-one']);
  t.is((await thaw(['stop', '--time', '120', 'behind-one'])).status, 0);
  t.is((await thaw(['wait', 'behind-one'])).stdout, '7\n');
  t.is((await thaw(['rm', 'behind-one'])).status, 0);
});

once('a domain that xl shuts down is a container that is lost, and says why', async (t) => {
  t.timeout(600_000);
  const { done } = startThaw(runWords('--name', 'behind-down', busybox, ...SLEEPER));
  await running('behind-down');
  // A domain gets its name shortly after its container's start.
  await until('xl knows its name', () =>
    command('xl', ['domid', 'behind-down']).catch(() => undefined),
  );
  await command('xl', ['shutdown', 'behind-down']);
  const { status, stderr } = await done;
  t.is(status, 125);
  t.regex(stderr, /^thaw: Lost the container: domain shut down[^\n]*\n$/);
  t.regex((await lost('behind-down')).reason ?? '', /shut down/);
  t.is((await thaw(['rm', 'behind-down'])).status, 0);
});
