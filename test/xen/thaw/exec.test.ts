// SPDX-License-Identifier: Apache-2.0
// thaw exec: an additional process in a running container, alone and beside others, through the death of thawd and of the container.

import { spawn } from 'node:child_process';
import test from 'ava';
import { holdings } from '../../support/dom0/leaks.js';
import { long, longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';
import {
  busybox,
  killThawd,
  list,
  runWords,
  running,
  startThaw,
  startThawd,
  stopThawd,
  thaw,
  until,
  type Outcome,
} from '../../support/dom0/thaw.js';

const NAME = 'exec-host';
let holder: ReturnType<typeof startThaw>;

/** Runs `thaw exec` in the container that all tests share. */
const exec = (words: string[], options?: Parameters<typeof thaw>[1]) =>
  thaw(['exec', ...words], options);

const first = (child: ReturnType<typeof startThaw>['child']) =>
  new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );

async function startHolder(): Promise<void> {
  const words = ['--rm', '-i', '--name', NAME, '-e', 'OWN=yes', '-w', '/tmp'];
  holder = startThaw(runWords(...words, busybox, 'sh', '-c', 'echo up; cat'));
  await first(holder.child);
  await running(NAME);
}

test.before(async () => {
  await startHolder();
});

test.after.always(async () => {
  holder.child.stdin?.end();
  await holder.done;
  await until('no container is left', async () => (await list()).length === 0);
});

test.serial('it has streams and a status of its own, and is in the container', async (t) => {
  const script = 'hostname; cat; echo err >&2; exit 7';
  const { status, stdout, stderr } = await exec(['-i', NAME, 'sh', '-c', script], {
    input: 'fed\n',
  });
  const { id } = await running(NAME);
  t.is(stdout, `${id.slice(0, 12)}\nfed\n`);
  t.is(stderr, 'err\n');
  t.is(status, 7);
  t.is((await thaw(['logs', NAME])).stdout, 'up\n', "it is not in the container's log");
});

long('every exit status from 0 to 255 comes through', async (t) => {
  t.timeout(600_000);
  const statuses = Array.from({ length: 256 }, (_, status) => status);
  const seen: number[] = [];
  for (let first = 0; first < 256; first += 16) {
    const wave = statuses.slice(first, first + 16);
    const outcomes = await Promise.all(wave.map((n) => exec([NAME, 'sh', '-c', `exit ${n}`])));
    seen.push(...outcomes.map(({ status }) => status));
  }
  t.deepEqual(seen, statuses);
});

once("environment, folder and user are the container's, and what options add", async (t) => {
  const script = 'echo "$OWN|$A|$MINE|$(pwd)|$(id -u):$(id -g)"';
  t.is((await exec([NAME, 'sh', '-c', script])).stdout, 'yes|||/tmp|0:0\n');
  const options = ['-e', 'A=b c', '-e', 'MINE', '-w', '/etc', '-u', 'app'];
  const { stdout } = await exec([...options, NAME, 'sh', '-c', script], { env: { MINE: 'm' } });
  t.is(stdout, 'yes|b c|m|/etc|1000:1000\n');
});

once('what cannot run is one line and a status', async (t) => {
  const refused = (outcome: Outcome, status: number, line: RegExp) => {
    t.is(outcome.stdout, '');
    t.regex(outcome.stderr, /^thaw: [^\n]+\n$/);
    t.regex(outcome.stderr, line);
    t.is(outcome.status, status);
  };
  refused(await exec([NAME, 'no-such-program']), 127, /no-such-program/);
  refused(await exec([NAME, '/etc/passwd']), 126, /\/etc\/passwd/);
  refused(await exec(['-w', '/nowhere', NAME, 'true']), 125, /\/nowhere/);
  refused(await exec(['-u', 'nobody-such', NAME, 'true']), 125, /nobody-such/);
  refused(await exec(['no-such-container', 'true']), 125, /no-such-container/);
  refused(await exec([NAME]), 2, /CONTAINER COMMAND/);
  await thaw(runWords('--name', 'exec-ended', busybox, 'true'));
  await until('it has ended', async () => (await list()).some((c) => c.state === 'exited'));
  refused(await exec(['exec-ended', 'true']), 125, /it is exited/);
  await thaw(['rm', 'exec-ended']);
  t.is((await exec([NAME, 'true'])).status, 0);
});

once('signals to thaw reach the process', async (t) => {
  const script = 'trap "echo got TERM; exit 4" TERM; echo ready; while :; do sleep 0.1; done';
  const { child, done } = startThaw(['exec', NAME, 'sh', '-c', script]);
  await first(child);
  child.kill('SIGTERM');
  const { status, stdout } = await done;
  t.is(stdout, 'ready\ngot TERM\n');
  t.is(status, 4);
});

once('with -it it has a terminal of its own', async (t) => {
  const inner = `sh -c 'test -t 0 && test -t 1 && echo yes; stty size; exit 5'`;
  const line = `stty rows 33 cols 101; thaw exec -it ${NAME} ${inner}; echo "status $?"`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  t.regex(text, /^yes\r?$/m);
  t.regex(text, /^33 101\r?$/m);
  t.regex(text, /^status 5\r?$/m);
});

once('detached, it goes on by itself', async (t) => {
  const { status, stdout } = await exec(['-d', NAME, 'sh', '-c', 'sleep 1; echo late > /tmp/late']);
  t.is(status, 0);
  t.is(stdout, '');
  await until(
    'it has written',
    async () => (await exec([NAME, 'cat', '/tmp/late'])).stdout === 'late\n',
  );
  t.pass();
});

once('100 KiB go through cat and come back', async (t) => {
  const input = 'x'.repeat(102_400);
  t.is((await exec(['-i', NAME, 'cat'], { input })).stdout, input);
});

longOnce('many, side by side and one after the other, leave nothing', async (t) => {
  t.timeout(600_000);
  // The pool grows and shrinks by itself.
  await stopThawd();
  await startThawd(['--pool', '0', '--pool-max', '0']);
  await exec([NAME, 'true']);
  const before = await until('only the container to be left', async () => {
    const found = await holdings();
    return found.domains.length === 2 && found.shims.length === 1 ? found : undefined;
  });
  for (let round = 0; round < 5; round++) {
    const wave = Array.from({ length: 10 }, (_, i) => exec([NAME, 'sh', '-c', `exit ${i}`]));
    t.deepEqual(
      (await Promise.all(wave)).map(({ status }) => status),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }
  const after = await holdings();
  t.deepEqual(after, before);
  // The counting shell, the other end of its pipe and cat are the only processes beside the first process and its cat.
  const { stdout } = await exec([NAME, 'sh', '-c', 'ls -d /proc/[0-9]* | wc -l']);
  t.true(Number(stdout) <= 6, stdout);
  await stopThawd();
  await startThawd();
});

once('it outlives a killed thawd, streams and status too, and the next knows it', async (t) => {
  t.timeout(300_000);
  const echo = ['exec', '-i', NAME, 'sh', '-c'];
  const meanwhile = startThaw([...echo, 'echo ready; read x; echo "got $x"; exit 9']);
  const after = startThaw([...echo, 'echo ready; cat']);
  await Promise.all([first(meanwhile.child), first(after.child)]);
  await killThawd();
  meanwhile.child.stdin?.end('a line\n');
  const { status, stdout } = await meanwhile.done;
  t.is(stdout, 'ready\ngot a line\n');
  t.is(status, 9);
  await startThawd();
  // The new process must not get the id of a running one.
  t.deepEqual(await exec([NAME, 'sh', '-c', 'echo new; exit 3']), {
    status: 3,
    stdout: 'new\n',
    stderr: '',
  });
  after.child.stdin?.end('still here\n');
  t.is((await after.done).stdout, 'ready\nstill here\n');
});

longOnPv('it dies with the container, and says so', async (t) => {
  t.timeout(300_000);
  const { child, done } = startThaw(['exec', NAME, 'sh', '-c', 'echo ready; sleep 600']);
  await first(child);
  t.is((await thaw(['kill', NAME])).status, 0);
  t.is((await done).status, 137);
  t.is((await holder.done).status, 137);
  await until('the container is gone', async () => (await list()).length === 0);
  await startHolder();
});

once('a container removed by force takes it along', async (t) => {
  t.timeout(300_000);
  const { child, done } = startThaw(['exec', NAME, 'sh', '-c', 'echo ready; sleep 600']);
  await first(child);
  t.is((await thaw(['rm', '--force', NAME])).status, 0);
  const { status, stderr } = await done;
  t.is(status, 125);
  t.regex(stderr, /Lost the container/);
  await holder.done;
  await startHolder();
});
