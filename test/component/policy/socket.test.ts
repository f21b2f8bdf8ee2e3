// SPDX-License-Identifier: Apache-2.0
// thawd's socket with a policy: other users connect by their group, the kernel names them, and the rules decide. The engine only records its calls.

import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { Engine } from '../../../toolstack/api/engine.js';
import { ApiType } from '../../../toolstack/api/wire.js';
import { encodeFrame, FrameParser } from '../../../toolstack/base/frame.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { Gate } from '../../../toolstack/daemon/gate.js';
import { listen } from '../../../toolstack/daemon/listener.js';
import { checkPolicy } from '../../../toolstack/daemon/policy-check.js';
import type { OciContainers } from '../../../toolstack/frontends/oci/index.js';
import { Accounts, AuditLog, LivePolicy } from '../../../toolstack/policy/index.js';
import { fakeEngine } from '../../support/cli/fake-engine.js';
import { USUAL } from '../../support/policy/policy-of.js';

const CLIENT = fileURLToPath(new URL('../../support/policy/client.js', import.meta.url));
const GROUP = 4900;
const ACCOUNTS = new Accounts(
  'root:x:0:0::/:\nalice:x:4001:4001::/:\nbob:x:4002:4002::/:\n',
  `root:x:0:\nthaw:x:${GROUP}:alice\n`,
);

interface Answer {
  status: number;
  out: string;
  err: string;
}

/** Starts a thawd over a fake engine, with this text as its policy; undefined for no file. */
async function daemon(t: ExecutionContext, text: string | undefined, change: Partial<Engine> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-socket-'));
  await chmod(folder, 0o711);
  const [path, policy, log] = ['thawd.sock', 'policy.toml', 'audit.log'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  if (text !== undefined) await writeFile(policy, text, { mode: 0o644 });
  const audit = new AuditLog(log, silentLog());
  const gate = new Gate({
    live: new LivePolicy(policy, () => ACCOUNTS),
    audit,
    defaults: {
      memoryBytes: 2 ** 28,
      podMemoryBytes: 2 ** 29,
      diskBytes: 10 * 2 ** 30,
      network: 'thaw',
    },
    noLogins: join(folder, 'no-logins.json'),
    socket: path,
    log: silentLog(),
  });
  const { engine: fake, calls } = fakeEngine(change);
  const engine: Engine = {
    ...fake,
    policyCheck: (request, client) => checkPolicy(gate, engine, request, client),
    policyReload: () => gate.reload(),
  };
  const joinFolder = join(folder, 'joins');
  // No request of these tests gets as far as the containers of engines.
  const oci = {} as OciContainers;
  const server = await listen(path, engine, silentLog(), { gate, joinFolder, oci });
  await gate.reload().catch(() => undefined);
  t.teardown(async () => {
    server.close();
    await audit.flush();
    await rm(folder, { recursive: true, force: true });
  });
  return { path, policy, log, audit, calls, folder };
}

/** Runs a command line as a process of that user, which also has the socket's group unless `groups` says otherwise. */
function as(uid: number, path: string, words: string, groups = `--groups=${GROUP}`) {
  const who = uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${uid}`, groups];
  return new Promise<Answer>((resolve) => {
    const args = [...who, process.execPath, CLIENT, path, ...words.split(' ')];
    execFile('setpriv', args, { timeout: 30_000 }, (error, out, err) =>
      resolve({ status: error ? Number(error.code) : 0, out, err }),
    );
  });
}

async function lines(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('without a policy the socket is root’s, and no other user is served', async (t) => {
  const { path, log, audit } = await daemon(t, undefined);
  t.is((await stat(path)).mode & 0o777, 0o600);
  t.regex((await as(4001, path, 'ps')).err, /EACCES/);
  t.is((await as(0, path, 'images -q')).status, 0);
  t.is((await as(0, path, 'images -q')).status, 0);
  // As a drop-in of thawd.socket would do.
  await chmod(path, 0o666);
  const { status, err } = await as(4001, path, 'ps');
  t.is(status, 125);
  t.regex(err, /there is no .*policy.toml, and thaw is root's alone without it/);
  await audit.flush();
  const readings = (await lines(log)).filter(({ event }) => event === 'policy');
  t.is(readings.length, 1, 'a request does not read the policy anew');
});

test('the policy’s group gets the socket, and its members act within the rules', async (t) => {
  const { path, log, audit, calls } = await daemon(t, USUAL);
  const { mode, gid } = await stat(path);
  t.deepEqual([mode & 0o777, gid], [0o660, GROUP]);
  t.is((await as(4001, path, 'run -d debian:13')).status, 0);
  t.like(calls.find(([name]) => name === 'run')?.[1], {
    owner: 4001,
    image: 'docker.io/library/debian:13',
  });
  const denied = await as(4001, path, 'run -d -v /etc:/e debian:13');
  t.is(denied.status, 125);
  t.regex(denied.err, /thawd opens host paths for root alone/);
  t.regex((await as(4001, path, 'stop web')).err, /another user's/);
  t.regex((await as(4003, path, 'ps', '--clear-groups')).err, /EACCES/);
  await audit.flush();
  const written = (await lines(log)).filter(({ uid }) => uid === 4001);
  t.true(written.every(({ user, pid }) => user === 'alice' && Number(pid) > 0));
  t.deepEqual(
    written.map(({ event, result, verb }) => [event, result, verb]),
    [
      ['decision', 'allowed', 'run'],
      ['decision', 'allowed', 'run'],
      ['change', 'done', 'run'],
      ['decision', 'allowed', 'run'],
      ['decision', 'denied', 'run'],
      ['decision', 'allowed', 'stop'],
      ['decision', 'denied', 'stop'],
    ],
  );
});

test('a member without a rule is refused, and a runtime of engines is root’s alone', async (t) => {
  const { path } = await daemon(t, 'socket_group = "thaw"\n[[allow]]\nusers = ["bob"]\n');
  t.regex((await as(4001, path, 'ps')).err, /no rule allows this user anything/);
  t.is((await as(4002, path, 'ps')).status, 0);
  const { status, err } = await as(4002, path, 'oci state x');
  t.is(status, 125);
  t.regex(err, /a runtime of engines is root's alone/);
});

test('a wrong file lets root alone in, and the right one works at once', async (t) => {
  const { path, policy } = await daemon(t, USUAL);
  await writeFile(policy, '[[allow]\n');
  const denied = await as(4001, path, 'ps');
  t.is(denied.status, 125);
  t.regex(denied.err, /policy.toml: line 1/);
  t.is((await as(0, path, 'images -q')).status, 0);
  t.regex((await as(0, path, 'policy check')).err, /line 1/);
  t.regex((await as(0, path, 'policy reload')).err, /line 1/);
  await writeFile(policy, USUAL);
  t.is((await as(4001, path, 'ps -q')).status, 0);
  t.regex((await as(0, path, 'policy check')).out, /is right: 3 rules/);
});

test('the group is taken back with the policy', async (t) => {
  const { path, policy } = await daemon(t, USUAL);
  await rm(policy);
  await as(0, path, 'policy reload');
  t.is((await stat(path)).mode & 0o777, 0o600);
});

test('policy check says which rule decides, and does nothing', async (t) => {
  const { path, calls } = await daemon(t, USUAL);
  const check = async (words: string, uid = 0) => as(uid, path, `policy check ${words}`);
  const alice = await check('--user alice run -m 2g debian:13');
  t.is(alice.status, 1);
  t.regex(alice.out, /^allow the command: developers \(line 4\)$/m);
  t.regex(alice.out, /^deny {2}docker.io\/library\/debian:13|debian:13: developers .*memory/m);
  t.is((await check('--user alice run -d debian:13')).status, 0);
  t.is((await check('run -d debian:13', 4001)).status, 0);
  t.is((await check('run -d debian:latest', 4001)).status, 1);
  t.regex((await check('--user root ps', 4001)).err, /root's alone/);
  t.regex((await check('--user nobody-there ps')).err, /no such user/);
  t.regex((await check('--user alice run --nonsense x')).err, /--nonsense/);
  t.regex((await check('run -d debian:13')).out, /^allow the command: root$/m);
  t.is((await check('rm web')).status, 0);
  t.is((await check('policy reload')).status, 0);
  t.deepEqual(
    calls.filter(([name]) => name !== 'list' && name !== 'find'),
    [],
  );
});

test('a member’s streams go through a socket of the member’s own, and reach one process', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-shim-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const shimPath = join(folder, 'shim.sock');
  const got: [number, number][] = [];
  const shim = createServer((socket: Socket) => {
    const parser = new FrameParser(65_536);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const { type, id, payload } of parser.push(chunk)) {
        got.push([type, id]);
        if (type === ApiType.ATTACH) socket.write(encodeFrame(ApiType.ATTACHED, id, 1));
        // The shim answers input with the same output, then the exit.
        if (type !== ApiType.STREAM) continue;
        socket.write(encodeFrame(ApiType.STREAM, id, 1, payload));
        socket.write(encodeFrame(ApiType.EXIT, id, 0, Buffer.alloc(8, 1)));
      }
    });
  });
  await new Promise<void>((resolve) => shim.listen(shimPath, resolve));
  await chmod(shimPath, 0o600);
  t.teardown(() => shim.close());
  const { path } = await daemon(t, USUAL, {
    run: async (_options, client) => {
      await client.join(shimPath, 7, 1);
      return { joined: true };
    },
  });
  const { status, out, err } = await as(4001, path, 'run -i debian:13');
  t.is(err, '');
  t.is(status, 0);
  t.is(out, 'hello');
  t.deepEqual(got, [
    [ApiType.ATTACH, 7],
    [ApiType.STREAM, 7],
  ]);
});
