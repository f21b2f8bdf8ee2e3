// SPDX-License-Identifier: Apache-2.0
// A created container waits for BEGIN, also through a freeze, and then belongs to the guest that resumes.

import test from 'ava';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import {
  beginContainer,
  createContainer,
  deleteContainer,
  makeRootfs,
  ociConfig,
  startContainer,
} from '../support/agent/container.js';
import { until } from '../support/within.js';

let agent: TestAgent;

test.beforeEach(async () => {
  agent = await TestAgent.start();
  makeRootfs(join(agent.folder, 'run/roots/base/rootfs'));
});

test.afterEach.always(async () => {
  await agent.stop();
});

const store = (name: string) => join(agent.folder, 'store', name);

async function freezeAndWake(): Promise<void> {
  await agent.request(AgentType.FREEZE);
  agent.control.close();
  agent.data.close();
  await until('it is frozen', () => agent.state() === 'frozen');
  writeFileSync(store('wake'), '1');
  await agent.connectControl();
  await agent.connectData();
}

/** A container with one of its files bind-mounted into it. */
function configWithHosts(args: string[]): string {
  const config = JSON.parse(ociConfig(agent, args, {})) as { mounts: object[] };
  const source = join(agent.run, 'containers/c/files/hosts');
  config.mounts.push({ destination: '/etc/hosts', type: 'bind', source, options: ['bind', 'ro'] });
  return JSON.stringify(config);
}

test.serial('a created container runs when it is told to, and not before', async (t) => {
  const before = readdirSync(`/proc/${agent.pid}/fd`).length;
  await createContainer(agent, 'c', ['sh', '-c', 'echo ran > /tmp/ran; echo out; exit 3']);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.false(existsSync(join(agent.run, 'roots/base/rootfs/tmp/ran')));
  const process = await beginContainer(agent, 'c');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 3 });
  t.is(process.stdout.text, 'out\n');
  t.true(existsSync(join(agent.run, 'roots/base/rootfs/tmp/ran')));
  await deleteContainer(agent, 'c');
  t.is(readdirSync(`/proc/${agent.pid}/fd`).length, before);
});

test.serial('one whose root is elsewhere needs no root filesystem of that name', async (t) => {
  const args = ['sh', '-c', 'echo ran > /tmp/ran'];
  const config = JSON.parse(ociConfig(agent, args, {})) as { root: { path: string } };
  config.root.path = join(agent.folder, 'bundle');
  makeRootfs(config.root.path);
  await createContainer(agent, 'c', args, { rootfs: '', config: JSON.stringify(config) });
  const process = await beginContainer(agent, 'c');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.true(existsSync(join(config.root.path, 'tmp/ran')));
  await deleteContainer(agent, 'c');
  const named = createContainer(agent, 'd', args, { rootfs: 'none' });
  t.is((await t.throwsAsync<Refusal>(named)).fault, AgentFault.NOENT);
});

test.serial('it outlives a freeze, with new hostname, files and process id', async (t) => {
  const args = ['sh', '-c', 'hostname; cat /etc/hosts; cat'];
  const config = configWithHosts(args);
  await createContainer(agent, 'c', args, {
    isFed: true,
    config,
    files: { hosts: 'old and long\n' },
  });
  await freezeAndWake();
  const early = await t.throwsAsync<Refusal>(beginContainer(agent, 'c', { isFed: true }));
  t.is(early.fault, AgentFault.STATE);
  await agent.identify();
  const process = await beginContainer(agent, 'c', {
    isFed: true,
    hostname: 'clone-3',
    files: { hosts: 'new\n' },
  });
  await process.write('fed\n');
  process.end();
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, 'clone-3\nnew\nfed\n');
  await deleteContainer(agent, 'c');
});

test.serial('without its stdin, that ends at once', async (t) => {
  await createContainer(agent, 'c', ['sh', '-c', 'cat; echo end'], { isFed: true });
  const process = await beginContainer(agent, 'c');
  t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
  t.is(process.stdout.text, 'end\n');
  await deleteContainer(agent, 'c');
});

test.serial('a terminal is there after a freeze as well, in its new size', async (t) => {
  const options = { isFed: true, hasTerminal: true };
  await createContainer(agent, 'c', ['sh', '-c', 'stty size; tty'], options);
  await freezeAndWake();
  await agent.identify();
  const process = await beginContainer(agent, 'c', { ...options, rows: 33, cols: 101 });
  await process.ended();
  t.is(process.stdout.text, '33 101\r\n/dev/pts/0\r\n');
  await deleteContainer(agent, 'c');
});

test.serial('what cannot begin is said, and begins nothing', async (t) => {
  const fault = async (work: Promise<unknown>) => (await t.throwsAsync<Refusal>(work)).fault;
  t.is(await fault(beginContainer(agent, 'c')), AgentFault.NOENT);
  await createContainer(agent, 'c', ['sleep', '100']);
  t.is(await fault(createContainer(agent, 'c', ['true'])), AgentFault.EXISTS);
  t.is(await fault(beginContainer(agent, 'c', { isFed: true })), AgentFault.STATE);
  t.is(await fault(beginContainer(agent, 'c', { hasTerminal: true })), AgentFault.STATE);
  t.is(await fault(beginContainer(agent, 'c', { files: { nonesuch: '' } })), AgentFault.INTERNAL);
  await beginContainer(agent, 'c');
  t.is(await fault(beginContainer(agent, 'c')), AgentFault.STATE);
  t.is(await fault(agent.request(AgentType.FREEZE)), AgentFault.BUSY);
  await deleteContainer(agent, 'c');
});

test.serial(
  'a created container can be deleted, and one that cannot be created leaves nothing',
  async (t) => {
    await createContainer(agent, 'c', ['sleep', '100']);
    await deleteContainer(agent, 'c');
    t.is((await t.throwsAsync<Refusal>(beginContainer(agent, 'c'))).fault, AgentFault.NOENT);
    const missing = await t.throwsAsync<Refusal>(createContainer(agent, 'c', ['nonesuch']));
    t.is(missing.fault, AgentFault.CMD_NOENT);
    t.false(existsSync(join(agent.run, 'containers/c')));
    const process = await startContainer(agent, 'c', ['true']);
    t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
    await deleteContainer(agent, 'c');
  },
);

test.serial('a program that cannot be executed is said when it begins', async (t) => {
  const noise = join(agent.run, 'roots/base/rootfs/noise');
  writeFileSync(noise, Buffer.alloc(64, 0xff), { mode: 0o755 });
  await createContainer(agent, 'c', ['/noise']);
  const error = await t.throwsAsync<Refusal>(beginContainer(agent, 'c'));
  t.is(error.fault, AgentFault.CMD_NOEXEC);
  t.false(existsSync(join(agent.run, 'containers/c')));
});
