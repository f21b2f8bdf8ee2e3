// SPDX-License-Identifier: Apache-2.0
// Launcher, shim and the real agent with crun over sockets: the user's view of `thaw run`, without Xen and thawd.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentType } from '../../toolstack/agent/wire.js';
import { encodeExec, encodeStart } from '../../toolstack/agent/wire-process.js';
import { ApiType, encodeExpect, Forget } from '../../toolstack/api/wire.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, ociConfig } from '../support/agent/container.js';
import { FakeThawd, type FakeSession } from '../support/shim/fake-thawd.js';
import { launch, type Launched } from '../support/shim/launch.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const isRoot = process.getuid?.() === 0;
let agent: TestAgent;
let nextId = 1;

test.before(async () => {
  if (!isRoot) return;
  agent = TestAgent.launch();
  await agent.connectControl();
  await agent.identify();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.after.always(async () => {
  for (const end of ends) await end();
  if (isRoot) await agent.stop();
});

interface Container {
  launched: Launched;
  session: FakeSession;
  sandbox: Sandbox;
  id: number;
}

let sandbox: Sandbox | undefined;
const ends: (() => unknown)[] = [];

function skipped(t: ExecutionContext): boolean {
  if (isRoot) return false;
  t.log('skipped: the agent needs root');
  t.pass();
  return true;
}

/** Acts as thawd: announces, joins, starts. DONE follows the exit. One shim serves all of these processes. */
async function run(t: ExecutionContext, args: string[], flags = 0): Promise<Container> {
  sandbox ??= await Sandbox.start(
    { ...t, teardown: (end) => ends.push(end) },
    { transport: ['--socket', join(agent.folder, 'store/data.sock')] },
  );
  const id = nextId++;
  const thawd = await FakeThawd.listen(join(sandbox.dir, `thawd${id}.sock`));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  await sandbox.expect(id, flags);
  await session.join(id, flags, sandbox.socket);
  const container = `c${id}`;
  const config = ociConfig(agent, args, { hasPidNamespace: false });
  const start = {
    process: id,
    flags,
    rows: 0,
    cols: 0,
    container,
    rootfs: 'base',
    config,
    files: {},
  };
  await agent.request(AgentType.START, encodeStart(start));
  return { launched, session, sandbox, id };
}

async function ended({ launched, session, sandbox: box, id }: Container) {
  const status = await box.statusFile(id);
  await deleteContainer(agent, `c${id}`);
  session.done(0);
  return { status, code: await launched.ended() };
}

test.serial('a command’s output, errors, exit status and log', async (t) => {
  if (skipped(t)) return;
  const container = await run(t, ['sh', '-c', 'echo out; echo err >&2; exit 42']);
  t.deepEqual(await ended(container), { status: 'exited 42', code: 42 });
  t.is(container.launched.stdout.toString(), 'out\n');
  t.is(container.launched.stderr, 'err\n');
  t.regex(readFileSync(container.sandbox.logPath(container.id), 'utf8'), / stdout F out\n/);
});

test.serial('20 MiB through cat', async (t) => {
  if (skipped(t)) return;
  const container = await run(t, ['cat'], 1);
  const bytes = randomBytes(20 << 20);
  container.launched.child.stdin?.end(bytes);
  t.deepEqual(await ended(container), { status: 'exited 0', code: 0 });
  const hash = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
  t.is(hash(container.launched.stdout), hash(bytes));
});

test.serial('SIGTERM to the launcher reaches a silent process without stdin', async (t) => {
  if (skipped(t)) return;
  const container = await run(t, ['sleep', '1000']);
  await new Promise((resolve) => setTimeout(resolve, 200));
  container.launched.child.kill('SIGTERM');
  t.deepEqual(await ended(container), { status: 'signaled 15', code: 143 });
});

test.serial('yes with a reader that goes: it gets EPIPE and ends', async (t) => {
  if (skipped(t)) return;
  const container = await run(t, ['yes']);
  container.launched.child.stdout?.destroy();
  const { status, code } = await ended(container);
  t.regex(status, /^(signaled 13|exited 1)$/);
  t.true(code === 141 || code === 1);
});

/** Acts as thawd for `thaw exec`: a launcher, shim and agent process beside a container's first one. No file is left. */
async function exec(
  t: ExecutionContext,
  { sandbox: box, id: container }: Container,
  args: string[],
) {
  const id = nextId++;
  const thawd = await FakeThawd.listen(join(box.dir, `thawd${id}.sock`));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path);
  const session = await thawd.session();
  box.control.send(ApiType.EXPECT, id, 0, encodeExpect('', ''));
  await box.control.nextOf(ApiType.OK);
  await session.join(id, 0, box.socket);
  const { process } = JSON.parse(ociConfig(agent, args, {})) as { process: object };
  const request = { process: id, flags: 0, rows: 0, cols: 0, container: `c${container}` };
  const what = encodeExec({ ...request, processJson: JSON.stringify(process) });
  return { launched, session, started: agent.request(AgentType.EXEC, what), id };
}

test.serial(
  'exec beside it: output, status, a refusal, and its end with the container',
  async (t) => {
    if (skipped(t)) return;
    const container = await run(t, ['sleep', '1000']);
    const good = await exec(t, container, ['sh', '-c', 'echo out; echo err >&2; exit 42']);
    await good.started;
    await until('it ended', () => good.launched.stderr === 'err\n');
    good.session.done(0);
    t.is(await good.launched.ended(), 42);
    t.is(good.launched.stdout.toString(), 'out\n');

    const bad = await exec(t, container, ['nonesuch']);
    await t.throwsAsync(bad.started, { message: /nonesuch/ });
    container.sandbox.control.send(ApiType.FORGET, bad.id, Forget.REFUSED);
    bad.session.done(127);
    t.is(await bad.launched.ended(), 127);

    const last = await exec(t, container, ['sleep', '1000']);
    await last.started;
    container.launched.child.kill('SIGTERM');
    t.deepEqual(await ended(container), { status: 'signaled 15', code: 143 });
    last.session.done(0);
    t.is(await last.launched.ended(), 137);
    await until('all are forgotten', async () =>
      (await container.sandbox.status()).processes.every(({ process }) =>
        [good, bad, last].every(({ id }) => id !== process),
      ),
    );
  },
);

test.serial('the shim quits and its agent lives on', async (t) => {
  if (skipped(t) || !sandbox) return;
  t.is(await sandbox.quit(), 0, sandbox.note);
  await agent.request(AgentType.PING, Buffer.from('x'));
});
