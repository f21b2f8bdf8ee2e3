// SPDX-License-Identifier: Apache-2.0
// Layers become one tree in the right order, and no mount is left.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentFault, AgentType } from '../../toolstack/agent/wire.js';
import { encodeMount } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';

let agent: TestAgent;
let folder: string;
const loops: string[] = [];

/** An EROFS image of a folder on a loop device. */
function layer(name: string): string {
  const image = join(folder, `${name}.erofs`);
  execFileSync('mkfs.erofs', [image, join(folder, name)], { stdio: 'ignore' });
  const loop = execFileSync('losetup', ['--find', '--show', '--read-only', image], {
    encoding: 'utf8',
  }).trim();
  loops.push(loop);
  return loop;
}

test.before(async () => {
  agent = await TestAgent.start();
  folder = mkdtempSync(join(tmpdir(), 'thaw-layers-'));
  makeRootfs(join(folder, 'base'));
  writeFileSync(join(folder, 'base/etc/who'), 'base\n');
  mkdirSync(join(folder, 'top/etc'), { recursive: true });
  writeFileSync(join(folder, 'top/etc/who'), 'top\n');
  symlinkSync(layer('base'), join(agent.folder, 'dev/xvda'));
  symlinkSync(layer('top'), join(agent.folder, 'dev/xvdb'));
  writeFileSync(join(folder, 'noise'), Buffer.alloc(65536, 7));
  const loop = execFileSync('losetup', ['--find', '--show', join(folder, 'noise')], {
    encoding: 'utf8',
  }).trim();
  loops.push(loop);
  symlinkSync(loop, join(agent.folder, 'dev/xvdx'));
});

test.after.always(async () => {
  await agent.stop();
  for (const loop of loops) execFileSync('losetup', ['--detach', loop]);
  rmSync(folder, { recursive: true, force: true });
});

const mounts = () =>
  readFileSync(`/proc/${agent.pid}/mounts`, 'utf8')
    .split('\n')
    .filter((line) => line.includes(agent.folder));

async function mount(
  rootfs: string,
  devices: string[],
  upperKib = 0,
  timeoutMs = 2000,
): Promise<void> {
  await agent.request(AgentType.MOUNT, encodeMount({ rootfs, devices, timeoutMs, upperKib }));
}

async function unmount(rootfs: string): Promise<void> {
  await agent.request(AgentType.UNMOUNT, encodeFields([rootfs]));
}

async function output(rootfs: string, script: string): Promise<string> {
  const process = await startContainer(agent, `c-${rootfs}`, ['sh', '-c', script], { rootfs });
  await process.ended();
  await deleteContainer(agent, `c-${rootfs}`);
  return process.stdout.text + process.stderr.text;
}

test.serial('one layer is a root that can be written to', async (t) => {
  await mount('one', ['xvda']);
  t.is(await output('one', 'cat /etc/who; echo new > /etc/who; cat /etc/who'), 'base\nnew\n');
  await unmount('one');
  await unmount('one');
  t.deepEqual(mounts(), []);
});

test.serial('the last layer of the list is on top', async (t) => {
  await mount('two', ['xvda', 'xvdb']);
  t.is(await output('two', 'cat /etc/who'), 'top\n');
  t.is((await t.throwsAsync<Refusal>(mount('two', ['xvda']))).fault, AgentFault.EXISTS);
  await unmount('two');
  t.deepEqual(mounts(), []);
});

test.serial('64 layers are mounted', async (t) => {
  // overlay refuses one filesystem twice: each layer needs a device of its own
  const devices = Array.from({ length: 64 }, (_, i) => `xvdl${i}`);
  for (const [i, device] of devices.entries()) {
    mkdirSync(join(folder, device));
    writeFileSync(join(folder, device, `file${i}`), '');
    symlinkSync(i === 0 ? (loops[0] ?? '') : layer(device), join(agent.folder, 'dev', device));
  }
  await mount('many', devices);
  t.is(await output('many', 'cat /etc/who; ls -d /file1 /file63'), 'base\n/file1\n/file63\n');
  await unmount('many');
  t.deepEqual(mounts(), []);
});

test.serial('the writable layer has the size that was asked for', async (t) => {
  await mount('small', ['xvda'], 1024);
  t.regex(await output('small', 'yes | head -c 3000000 > /big; wc -c < /big'), /^1048576$/m);
  await unmount('small');
});

test.serial('a writable layer on a disk is there after the next mount', async (t) => {
  const image = join(folder, 'upper.ext4');
  writeFileSync(image, '');
  execFileSync('truncate', ['-s', '32M', image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  const loop = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
  loops.push(loop);
  symlinkSync(loop, join(agent.folder, 'dev/xvdw'));
  const request = { rootfs: 'kept', devices: ['xvda'], timeoutMs: 2000, upperKib: 0 };
  const mountKept = (upper: string) =>
    agent.request(AgentType.MOUNT, encodeMount({ ...request, upper }));
  for (const lines of ['1', '2']) {
    await mountKept('xvdw');
    t.regex(
      await output('kept', 'echo x >> /lines; rm -f /etc/who; wc -l < /lines'),
      new RegExp(lines),
    );
    await unmount('kept');
    t.deepEqual(mounts(), []);
  }
  t.notThrows(() => execFileSync('e2fsck', ['-fn', loop], { stdio: 'pipe' }));
  const missing = await t.throwsAsync<Refusal>(mountKept('xvdnone'));
  t.is(missing.fault, AgentFault.DEVICE);
  t.is((await t.throwsAsync<Refusal>(mountKept('xvdx'))).fault, AgentFault.MOUNT);
  t.deepEqual(mounts(), []);
});

test.serial('a device that comes late is waited for', async (t) => {
  const pending = mount('late', ['xvdq'], 0, 5000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  symlinkSync(loops[0] ?? '', join(agent.folder, 'dev/xvdq'));
  await pending;
  t.is(await output('late', 'cat /etc/who'), 'base\n');
  await unmount('late');
});

test.serial(
  'a device that does not come, or is no EROFS, is an error and leaves nothing',
  async (t) => {
    const missing = await t.throwsAsync<Refusal>(mount('gone', ['xvda', 'xvdz'], 0, 100));
    t.is(missing.fault, AgentFault.DEVICE);
    t.regex(missing.message, /xvdz/);
    const noise = await t.throwsAsync<Refusal>(mount('noise', ['xvda', 'xvdx']));
    t.is(noise.fault, AgentFault.MOUNT);
    t.regex(noise.message, /xvdx/);
    t.deepEqual(mounts(), []);
    await mount('noise', ['xvda']);
    await unmount('noise');
  },
);

test.serial('a root in use is not unmounted', async (t) => {
  await mount('used', ['xvda']);
  await startContainer(agent, 'user', ['sleep', '100'], { rootfs: 'used' });
  t.is((await t.throwsAsync<Refusal>(unmount('used'))).fault, AgentFault.BUSY);
  await deleteContainer(agent, 'user');
  await unmount('used');
  t.deepEqual(mounts(), []);
});
