// SPDX-License-Identifier: Apache-2.0
// exec: a stand-in or the caller joins the process before it begins. A failure leaves nothing behind.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { StandIn } from '../../../../../toolstack/api/client.js';
import { Forget } from '../../../../../toolstack/api/wire.js';
import { ThawError } from '../../../../../toolstack/base/errors.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import {
  checkExec,
  exec,
  type ExecRequest,
} from '../../../../../toolstack/frontends/oci/verbs/exec.js';
import {
  OciStore,
  type OciRecord,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';
import { fakeClient } from '../../../../support/cli/fake-engine.js';

const REQUEST: ExecRequest = {
  process: { args: ['ls'], cwd: '/', terminal: false },
  detach: true,
  pidFile: '',
  consoleSocket: '',
};

/** A running container; `fails` is its agent's answer to EXEC. */
function running(fails?: Error) {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...words: unknown[]) =>
      void calls.push([name, ...words]);
  const record = {
    key: 'k',
    id: 'one',
    state: 'running',
    pid: 42,
    cgroup: '/c',
    annotations: { 'io.thaw.rootfs': 'erofs' },
    sandbox: { files: [{ path: '/b/rootfs', readOnly: false }] },
  } as unknown as OciRecord;
  const container = new OciContainer(record, new OciStore('/none'), silentLog());
  container.sandbox = {
    shimSocket: '/s',
    shim: {
      expect: (id: number, flags: number) => Promise.resolve(note('expect')(id, flags)),
      signal: note('signal'),
      forget: note('forget'),
    },
    exec: (request: object) => {
      note('exec')(request);
      return fails ? Promise.reject(fails) : Promise.resolve();
    },
  } as unknown as Sandbox;
  const { client } = fakeClient();
  client.standIn = (wish: StandIn) => Promise.resolve((note('standIn')(wish), 77));
  client.join = (...words) => Promise.resolve(note('join')(...words));
  return { container, client, calls, names: () => calls.map(([name]) => name) };
}

test('detached it has a stand-in with all that the container’s own has, and its pid is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-exec-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { container, client, calls } = running();
  const pidFile = join(folder, 'pid');
  await exec(container, { ...REQUEST, pidFile }, client);
  t.deepEqual(calls.slice(0, 2), [
    ['expect', 2, 1],
    [
      'standIn',
      {
        shimSocket: '/s',
        process: 2,
        flags: 1 | 1024,
        console: '',
        root: '/b/rootfs',
        network: '/proc/42/ns/net',
        cgroup: '/c/cgroup.procs',
      },
    ],
  ]);
  t.like(calls[2]?.[1], { process: 2, flags: 1, container: 'k' });
  t.is(await readFile(pidFile, 'utf8'), '77');
  t.deepEqual([...container.standIns], [[2, 77]]);
  container.shimEvents.onExit(2, { kind: 'exited', code: 0 });
  t.is(container.standIns.size, 0);
});

test('in the foreground the caller is joined to it', async (t) => {
  const { container, client, names } = running();
  await exec(container, { ...REQUEST, detach: false }, client);
  t.deepEqual(names(), ['expect', 'join', 'exec']);
});

test('one that is refused is forgotten, and a stand-in told that it is lost', async (t) => {
  const refused = new ThawError('ERR_AGENT_CMD_NOENT', 'no');
  for (const [detach, why] of [
    [false, Forget.REFUSED],
    [true, Forget.LEFT],
  ] as const) {
    const { container, client, calls } = running(refused);
    await t.throwsAsync(exec(container, { ...REQUEST, detach }, client), {
      code: 'ERR_AGENT_CMD_NOENT',
      message: 'exec: "ls": executable file not found in $PATH',
    });
    t.deepEqual(calls.at(-1), ['forget', 2, why]);
    t.is(container.standIns.size, 0);
  }
  // A stand-in that attached and never reported.
  const unheard = running();
  unheard.client.standIn = () => Promise.reject(new ThawError('ERR_CANCELLED', 'gone'));
  await t.throwsAsync(exec(unheard.container, REQUEST, unheard.client));
  t.deepEqual(unheard.calls.at(-1), ['forget', 2, Forget.LEFT]);
  const unwritten = running();
  const pidFile = '/no/such/folder/pid';
  await t.throwsAsync(exec(unwritten.container, { ...REQUEST, pidFile }, unwritten.client));
  t.deepEqual(unwritten.calls.at(-1), ['signal', 2, 9]);
  const silent = running(new ThawError('ERR_AGENT_TIMEOUT', 'no answer'));
  await t.throwsAsync(exec(silent.container, REQUEST, silent.client));
  t.deepEqual(silent.calls.slice(-2), [
    ['signal', 2, 9],
    ['forget', 2, Forget.LEFT],
  ]);
});

test('one that does not run has no more processes', async (t) => {
  const { container, client, calls } = running();
  Object.assign(container.record, { state: 'created' });
  const message = 'cannot exec in container "one": it is created';
  await t.throwsAsync(exec(container, REQUEST, client), { code: 'ERR_OCI_STATE', message });
  t.deepEqual(calls, []);
});

test('what makes no sense together is refused', (t) => {
  const terminal = { ...REQUEST.process, terminal: true };
  for (const [change, message] of [
    [{ consoleSocket: '/c' }, /--console-socket is for/],
    [{ process: terminal }, /--console-socket is wanted/],
    [{ detach: false, pidFile: '/p' }, /--pid-file is for/],
  ] as const)
    t.throws(() => checkExec({ ...REQUEST, ...change }), { code: 'ERR_USAGE', message });
  t.notThrows(() => checkExec({ ...REQUEST, process: terminal, consoleSocket: '/c' }));
});
