// SPDX-License-Identifier: Apache-2.0
// Builds a container's new process, starts it in order, and undoes the steps when one fails.

import test, { type ExecutionContext } from 'ava';
import type { ExecOptions } from '../../../../toolstack/api/engine.js';
import { AgentError } from '../../../../toolstack/agent/errors.js';
import type { ExecRequest } from '../../../../toolstack/agent/wire-process.js';
import { Forget } from '../../../../toolstack/api/wire.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { execIn } from '../../../../toolstack/runtime/exec/exec.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const options: ExecOptions = {
  command: ['true'],
  interactive: false,
  tty: false,
  detach: false,
  env: [],
};
const own = {
  args: ['sh'],
  env: ['PATH=/bin', 'HOME=/root', 'A=1'],
  cwd: '/srv',
  user: { uid: 0, gid: 0, additionalGids: [3] },
};

/** A running container with a sandbox that records its requests. */
async function running(
  t: ExecutionContext,
  change: Partial<ContainerRecord> = {},
  failure?: Error,
) {
  const { services, records } = await containerServices(t);
  const record = containerRecord({ process: own, imageId: 'sha256:cd', ...change });
  const container = new Container(record, records, services.log);
  const calls: unknown[][] = [];
  const { client } = fakeClient({
    env: { MINE: 'x' },
    rows: 24,
    cols: 80,
    join: (...call) => Promise.resolve(void calls.push(['join', ...call])),
  });
  container.sandbox = {
    shimSocket: '/s',
    exec: (request: ExecRequest) => {
      calls.push(['exec', { ...request, processJson: JSON.parse(request.processJson) as object }]);
      if (!failure) setImmediate(() => container.shimEvents.onExit(request.process, EXIT));
      return failure ? Promise.reject(failure) : Promise.resolve();
    },
    shim: {
      expect: (...call: unknown[]) => Promise.resolve(void calls.push(['expect', ...call])),
      forget: (...call: unknown[]) => void calls.push(['forget', ...call]),
      signal: (...call: unknown[]) => void calls.push(['signal', ...call]),
    },
  } as unknown as Sandbox;
  const exec = (more: Partial<ExecOptions> = {}) =>
    execIn(services, container, { ...options, ...more }, client);
  return { container, calls, exec };
}

const EXIT = { kind: 'exited', code: 0 } as const;

function processOf(calls: unknown[][]): Record<string, unknown> {
  const call = calls.find(([name]) => name === 'exec')?.[1] as { processJson: object };
  return call.processJson as Record<string, unknown>;
}

test('it is announced, joined and started, in this order, and leaves no file', async (t) => {
  const { calls, exec, container } = await running(t);
  t.deepEqual(await exec({ interactive: true }), { joined: true });
  t.deepEqual(
    calls.map(([name]) => name),
    ['expect', 'join', 'exec'],
  );
  t.deepEqual(calls[0], ['expect', 2, 1, '', '']);
  t.deepEqual(calls[1], ['join', '/s', 2, 1]);
  t.like(calls[2]?.[1], { process: 2, flags: 1, container: container.record.sandbox.id });
  await exec();
  t.is(calls[3]?.[1], 3);
});

test("without options it has the container's own environment, folder and user", async (t) => {
  const { calls, exec } = await running(t);
  await exec();
  t.like(processOf(calls), { ...own, args: ['true'], terminal: false });
});

test('a container whose process is not written down has root and the usual PATH', async (t) => {
  const { calls, exec, container } = await running(t);
  delete container.record.process;
  await exec();
  t.like(processOf(calls), { cwd: '/', user: { uid: 0, gid: 0, additionalGids: [] } });
  t.regex((processOf(calls)['env'] as string[]).join(), /^PATH=.*:\/bin$/);
});

test('options add to that', async (t) => {
  const { calls, exec } = await running(t);
  await exec({ env: ['A=2', 'MINE', 'NONE', 'B=c=d'], workdir: '/w', user: '7:8', tty: true });
  const { env, capabilities, ...rest } = processOf(calls);
  t.deepEqual([...(env as string[])].sort(), [
    'A=2',
    'B=c=d',
    'HOME=/',
    'MINE=x',
    'PATH=/bin',
    'TERM=xterm',
  ]);
  t.like(rest, {
    cwd: '/w',
    terminal: true,
    consoleSize: { height: 24, width: 80 },
    user: { uid: 7, gid: 8, additionalGids: [] },
  });
  t.like(capabilities, { effective: [], permitted: [] });
});

test('detached, nobody is joined and nobody waits', async (t) => {
  const { calls, exec } = await running(t);
  t.deepEqual(await exec({ detach: true }), { joined: false, status: 0 });
  t.false(calls.some(([name]) => name === 'join'));
});

test('what does not run, and a user that nobody knows, are refused before anything is announced', async (t) => {
  for (const state of ['creating', 'exited', 'lost', 'removing'] as const) {
    const { calls, exec } = await running(t, { state });
    await t.throwsAsync(exec(), { code: 'ERR_CONTAINER_STATE' }, state);
    t.deepEqual(calls, []);
  }
  const { calls, exec } = await running(t);
  await t.throwsAsync(exec({ user: 'nobody' }), { code: 'ERR_IMAGE_USER' });
  t.deepEqual(calls, []);
});

test('a process that the agent refused is forgotten', async (t) => {
  const refusal = new AgentError('ERR_AGENT_CMD_NOENT', 'It is not there');
  const { calls, exec } = await running(t, {}, refusal);
  await t.throwsAsync(exec(), { code: 'ERR_AGENT_CMD_NOENT' });
  t.deepEqual(calls.at(-1), ['forget', 2, Forget.REFUSED]);
  t.false(calls.some(([name]) => name === 'signal'));
});

test('one of which nobody knows whether it started is killed should it start', async (t) => {
  const silence = new AgentError('ERR_AGENT_TIMEOUT', 'No answer');
  const { calls, exec } = await running(t, {}, silence);
  await t.throwsAsync(exec(), { code: 'ERR_AGENT_TIMEOUT' });
  t.deepEqual(calls.slice(-2), [
    ['signal', 2, 9],
    ['forget', 2, Forget.LEFT],
  ]);
});

test('a container that is lost lets everybody go', async (t) => {
  const { container, exec } = await running(t);
  const sandbox = container.sandbox as unknown as { exec: () => Promise<void> };
  sandbox.exec = () => Promise.resolve(void setImmediate(() => container.lose('gone')));
  t.deepEqual(await exec(), { joined: true });
});
