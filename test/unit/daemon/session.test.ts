// SPDX-License-Identifier: Apache-2.0
// One launcher's connection, from its request to its end, with every kind of failure between.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Client, Engine, RunOutcome } from '../../../toolstack/api/engine.js';
import { ApiType, encodeRequest, REQUEST_MAX } from '../../../toolstack/api/wire.js';
import { errorCode } from '../../../toolstack/base/errors.js';
import { decodeFields } from '../../../toolstack/base/frame.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { Inputs } from '../../../toolstack/daemon/input.js';
import { Session } from '../../../toolstack/daemon/session.js';
import { fakeEngine } from '../../support/cli/fake-engine.js';
import { FrameSocket } from '../../support/shim/frame-socket.js';

/** A launcher connected to a session over that engine. */
async function connected(t: ExecutionContext, engine: Engine): Promise<FrameSocket> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-session-'));
  const inputs = new Inputs(join(folder, 'sock'));
  const server = createServer(
    (socket: Socket) => void new Session(socket, { engine }, silentLog(), inputs),
  );
  server.listen(join(folder, 'sock'));
  await once(server, 'listening');
  const launcher = await FrameSocket.connect(join(folder, 'sock'), REQUEST_MAX);
  t.teardown(async () => {
    launcher.close();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return launcher;
}

function request(...words: string[]): Buffer {
  return encodeRequest({
    cwd: '/home',
    argv: ['thaw', ...words],
    env: ['A=1', 'EMPTY=', 'EQUALS=a=b', 'BARE'],
    ttys: { stdin: true, stdout: false, stderr: true },
    rows: 24,
    cols: 80,
  });
}

/** Returns all output until DONE, and the status. */
async function answer(launcher: FrameSocket) {
  const output = ['', '', ''];
  for (;;) {
    const frame = await launcher.next();
    if (frame === undefined) throw new Error('The session ended without DONE');
    if (frame.type === ApiType.DONE) return { status: frame.arg, out: output[1], err: output[2] };
    if (frame.type === ApiType.OUTPUT) output[frame.arg] += frame.payload.toString();
  }
}

/** An engine whose run the test controls: `running` resolves with its client. */
function engineRunning(work: (client: Client) => Promise<RunOutcome>) {
  let tell: (client: Client) => void = () => undefined;
  const running = new Promise<Client>((resolve) => (tell = resolve));
  const { engine } = fakeEngine({
    run: (_options, client) => {
      tell(client);
      return work(client);
    },
  });
  return { engine, running };
}

/** Work that ends only when its client stops it. */
function untilStopped({ signal }: Client): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

test('a command is answered with its output and its status, then the connection ends', async (t) => {
  const launcher = await connected(t, fakeEngine().engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('images', '-q'));
  t.deepEqual(await answer(launcher), { status: 0, out: `${'cd'.repeat(6)}\n`, err: '' });
  await launcher.closed;
});

test('a failure is a line on stderr and a status', async (t) => {
  const launcher = await connected(t, fakeEngine().engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('nonsense'));
  const { status, out, err } = await answer(launcher);
  t.deepEqual([status, out], [2, '']);
  t.regex(err ?? '', /^thaw: [^\n]+\n$/);
});

test('the client is what the request says', async (t) => {
  const { engine, running } = engineRunning(() => Promise.resolve({ joined: false, status: 3 }));
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  const client = await running;
  t.like(client, { cwd: '/home', rows: 24, cols: 80 });
  t.deepEqual(client.env, { A: '1', EMPTY: '', EQUALS: 'a=b', BARE: '' });
  t.deepEqual(client.isTerminal, { stdin: true, stdout: false, stderr: true });
  t.is((await answer(launcher)).status, 3);
});

test('long output comes whole, in frames that the launcher takes', async (t) => {
  const text = 'x'.repeat(300_000);
  const { engine } = fakeEngine({
    logs: async (_name, _options, client) => {
      client.out(text);
      client.err(Buffer.from('e'));
      await client.drained();
    },
  });
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('logs', 'web'));
  t.deepEqual(await answer(launcher), { status: 0, out: text, err: 'e' });
});

test('a launcher is handed to a shim, and the work goes on once it is there', async (t) => {
  const { engine } = engineRunning(async (client) => {
    await client.join('/run/shim.sock', 1, 3);
    return { joined: true };
  });
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  const join = await launcher.nextOf(ApiType.JOIN);
  t.deepEqual([join.id, join.arg], [1, 3]);
  const keys = '\x10\x11';
  t.deepEqual(decodeFields(join.payload, 2).map(String), ['/run/shim.sock', keys]);
  launcher.send(ApiType.JOINED, 1, 0);
  t.is((await answer(launcher)).status, 0);
});

test('CANCEL stops the work and is answered', async (t) => {
  const { engine, running } = engineRunning(untilStopped);
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  const { signal } = await running;
  launcher.send(ApiType.CANCEL, 0, 2);
  const { status, err } = await answer(launcher);
  t.is(status, 125);
  t.is(err, 'thaw: Cancelled\n');
  t.is(errorCode(signal.reason), 'ERR_CANCELLED');
});

test('CANCEL while the launcher should join stops the wait', async (t) => {
  const { engine } = engineRunning(async (client) => {
    await client.join('/run/shim.sock', 1, 0);
    return { joined: true };
  });
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  await launcher.nextOf(ApiType.JOIN);
  launcher.send(ApiType.CANCEL, 0, 2);
  t.is((await answer(launcher)).status, 125);
});

test('a launcher leaves a stand-in, or says why there is none', async (t) => {
  const wish = {
    shimSocket: '/s',
    process: 1,
    flags: 1,
    root: '/r',
    network: '',
    cgroup: '/c',
    console: '',
  };
  for (const [pid, why, expected] of [
    [42, '', { status: 0, out: '42' }],
    [0, 'Cannot enter \u001b[31mit', { status: 125, err: 'thaw: Cannot enter [31mit\n' }],
  ] as const) {
    const { engine } = engineRunning(async (client) => {
      client.out(String(await client.standIn(wish)));
      return { joined: false, status: 0 };
    });
    const launcher = await connected(t, engine);
    launcher.send(ApiType.REQUEST, 0, 0, request('run', 'app'));
    const frame = await launcher.nextOf(ApiType.STAND_IN);
    t.like(frame, { id: 1, arg: 1 });
    t.deepEqual(decodeFields(frame.payload, 5).map(String), ['/s', '/r', '', '/c', '']);
    launcher.send(ApiType.STOOD_IN, 1, pid, Buffer.from(why));
    t.like(await answer(launcher), expected);
  }
});

test('a client that goes away stops the work', async (t) => {
  const { engine, running } = engineRunning(untilStopped);
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  const { signal } = await running;
  launcher.close();
  if (!signal.aborted) await once(signal, 'abort');
  t.is(errorCode(signal.reason), 'ERR_CLIENT_GONE');
});

test('a client that goes away while it should read or join is not waited for', async (t) => {
  const codes: (string | undefined)[] = [];
  for (const wait of [
    (client: Client) => client.join('/run/shim.sock', 1, 0),
    async (client: Client) => {
      client.out(Buffer.alloc(8 * 2 ** 20));
      await client.drained();
    },
  ]) {
    let ended: (code: string | undefined) => void = () => undefined;
    const end = new Promise<string | undefined>((resolve) => (ended = resolve));
    const { engine, running } = engineRunning(async (client) => {
      await wait(client).catch((error: unknown) => {
        ended(errorCode(error));
        throw error;
      });
      return { joined: true };
    });
    const launcher = await connected(t, engine);
    launcher.socket.pause();
    launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
    await running;
    launcher.close();
    codes.push(await end);
  }
  t.is(codes.length, 2);
  t.is(codes[0], 'ERR_CLIENT_GONE');
});

const garbage: [string, (launcher: FrameSocket) => void][] = [
  ['a request that is too short', (l) => l.send(ApiType.REQUEST, 0, 0, Buffer.alloc(3))],
  ['a frame above the maximum', (l) => l.raw(Buffer.alloc(16, 0xff))],
  ['a message of unknown type', (l) => l.send(0x99, 0, 0)],
  ['a message of another socket', (l) => l.send(ApiType.QUIT, 0, 0)],
];
for (const [what, send] of garbage) {
  test(`${what} gets a line, 125 and the end`, async (t) => {
    const { engine, calls } = fakeEngine();
    const launcher = await connected(t, engine);
    send(launcher);
    const { status, err } = await answer(launcher);
    t.is(status, 125);
    t.regex(err ?? '', /^thaw: [^\n]+\n$/);
    await launcher.closed;
    t.deepEqual(calls, []);
  });
}

test('a launcher may ask once', async (t) => {
  const { engine } = engineRunning(untilStopped);
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'busybox'));
  launcher.send(ApiType.REQUEST, 0, 0, request('ps'));
  t.is((await answer(launcher)).status, 125);
  await launcher.closed;
});

test('a connection that ends at once, or in half a request, harms nobody', async (t) => {
  const { engine, calls } = fakeEngine();
  (await connected(t, engine)).close();
  const half = await connected(t, engine);
  const whole = request('ps');
  half.raw(whole.subarray(0, whole.length / 2));
  half.close();
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('ps', '-q'));
  t.is((await answer(launcher)).status, 0);
  t.is(calls.length, 1);
});

/** A session whose request reads the client's input, and a second connection that brings the input. */
async function reading(t: ExecutionContext, words: string[], engine: Engine) {
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request(...words));
  let frame = await launcher.next();
  while (frame?.type === ApiType.OUTPUT) frame = await launcher.next();
  if (frame?.type !== ApiType.JOIN) throw new Error('No JOIN');
  t.is(frame.arg, 1);
  const [path] = decodeFields(frame.payload, 2).map(String);
  const bringer = await FrameSocket.connect(path ?? '', REQUEST_MAX);
  t.teardown(() => bringer.close());
  const { id } = frame;
  bringer.send(ApiType.ATTACH, id, 1);
  t.is((await bringer.next())?.type, ApiType.ATTACHED);
  const credit = await bringer.next();
  t.is(credit?.type, ApiType.CREDIT);
  t.is(credit?.payload.readUInt32LE(0), 262144);
  return { launcher, bringer, id };
}

test('a question is answered by what the client is fed, over a second connection', async (t) => {
  const { engine, calls } = fakeEngine();
  const { launcher, bringer, id } = await reading(t, ['image', 'prune'], engine);
  bringer.send(ApiType.STREAM, id, 0, Buffer.from('y\n'));
  t.like(await answer(launcher), { status: 0, out: `${'cd'.repeat(32)}\n` });
  t.deepEqual(calls, [['pruneImages', false]]);
  // The session has enough input: it grants no more credit.
  t.is((await bringer.next())?.type, ApiType.EXIT);
});

test('a signal while the input is read cancels the command', async (t) => {
  const { engine, calls } = fakeEngine();
  const { launcher, bringer, id } = await reading(t, ['image', 'prune'], engine);
  bringer.send(ApiType.SIGNAL, id, 2);
  t.is((await answer(launcher)).status, 125);
  t.deepEqual(calls, []);
});

test('a client that goes while its input is read ends the command', async (t) => {
  const { engine, calls } = fakeEngine();
  const { launcher, bringer } = await reading(t, ['image', 'prune'], engine);
  bringer.close();
  t.is((await answer(launcher)).status, 125);
  t.deepEqual(calls, []);
});

test('an input that nobody waits for is refused', async (t) => {
  const bringer = await connected(t, fakeEngine().engine);
  bringer.send(ApiType.ATTACH, 77, 1);
  t.regex((await answer(bringer)).err ?? '', /No input 77/);
});

test('an input that is first read after the command was cancelled fails at once', async (t) => {
  const { engine, running } = engineRunning(async (client) => {
    await untilStopped(client).catch(() => undefined);
    for await (const chunk of client.input()) t.fail(String(chunk));
    return { joined: false, status: 0 };
  });
  const launcher = await connected(t, engine);
  launcher.send(ApiType.REQUEST, 0, 0, request('run', 'app'));
  await running;
  launcher.send(ApiType.CANCEL, 0, 0);
  const since = Date.now();
  t.is((await answer(launcher)).status, 125);
  t.true(Date.now() - since < 30_000);
});
