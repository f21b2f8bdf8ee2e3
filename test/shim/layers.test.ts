// SPDX-License-Identifier: Apache-2.0
// A file that thawd names reaches the agent as a layer, complete and in order. An unreadable file ends the sandbox.

import { randomBytes } from 'node:crypto';
import { writeFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { LAYER, LayerPart } from '../../toolstack/agent/wire.js';
import { ApiType } from '../../toolstack/api/wire.js';
import { encodeFields, type Frame } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const inject = (sandbox: Sandbox, layer: number, path: string): boolean =>
  sandbox.control.send(ApiType.INJECT, layer, 0, encodeFields([path]));

/** Collects the LAYER frames that the agent receives. */
function collect(sandbox: Sandbox) {
  const frames: Frame[] = [];
  sandbox.agent.onOther(
    (frame) => void frames.push({ ...frame, payload: Buffer.from(frame.payload) }),
  );
  const bytesOf = (layer: number): Buffer =>
    Buffer.concat(
      frames
        .filter(({ type, id, arg }) => type === LAYER && id === layer && arg === LayerPart.BYTES)
        .map(({ payload }) => payload),
    );
  return { frames, bytesOf };
}

test('two files come whole, one after the other, each after its size', async (t) => {
  const sandbox = await Sandbox.start(t);
  const files = [randomBytes(3_000_001), randomBytes(1)];
  const { frames, bytesOf } = collect(sandbox);
  for (const [i, bytes] of files.entries()) {
    await writeFile(join(sandbox.dir, `layer${i}`), bytes);
    inject(sandbox, i + 1, join(sandbox.dir, `layer${i}`));
  }
  await until('the layers to arrive', () => Promise.resolve(bytesOf(2).length === 1));
  t.true(bytesOf(1).equals(files[0] ?? Buffer.alloc(0)));
  t.true(bytesOf(2).equals(files[1] ?? Buffer.alloc(0)));
  const sizes = frames.filter(({ arg }) => arg === LayerPart.SIZE);
  t.deepEqual(
    sizes.map(({ id, payload }) => [id, Number(payload.readBigUInt64LE())]),
    [
      [1, 3_000_001],
      [2, 1],
    ],
  );
  t.is(
    frames.findIndex(({ id }) => id === 2),
    frames.findLastIndex(({ id }) => id === 1) + 1,
  );
  t.is(await sandbox.quit(), 0);
});

test('before the hello nothing is sent, and a process runs beside a layer', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  const bytes = randomBytes(500_000);
  await writeFile(join(sandbox.dir, 'layer'), bytes);
  const { frames, bytesOf } = collect(sandbox);
  inject(sandbox, 1, join(sandbox.dir, 'layer'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(frames.length, 0);
  sandbox.agent.hello();
  await sandbox.expect(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ApiType.ATTACH, 1, 0);
  await client.nextOf(ApiType.ATTACHED);
  const process = sandbox.agent.begin(1);
  await process.write(1, 'beside');
  t.is(String((await client.nextOf(ApiType.STREAM)).payload), 'beside');
  await until('the layer to arrive', () => Promise.resolve(bytesOf(1).length === bytes.length));
  t.true(bytesOf(1).equals(bytes));
  client.close();
});

for (const [what, path] of [
  ['a file that is not there', '/nonexistent/layer'],
  ['a folder', '/tmp'],
  ['a relative path', 'layer'],
  ['a device', '/dev/zero'],
] as const) {
  test(`${what} ends the sandbox with a reason`, async (t) => {
    const sandbox = await Sandbox.start(t);
    inject(sandbox, 3, path);
    await until('the sandbox is lost', async () => (await sandbox.status()).state === 'lost');
    t.regex((await sandbox.status()).reason ?? '', /layer 3/);
  });
}

test('a file that becomes shorter ends the sandbox', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  const path = join(sandbox.dir, 'layer');
  await writeFile(path, randomBytes(100_000));
  inject(sandbox, 1, path);
  await sandbox.status();
  await truncate(path, 10);
  sandbox.agent.hello();
  await until('the sandbox is lost', async () => (await sandbox.status()).state === 'lost');
  t.regex((await sandbox.status()).reason ?? '', /became shorter/);
});

test('a layer number out of range costs the client its connection', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (const number of [0, 65]) {
    const client = await FrameSocket.connect(sandbox.socket);
    client.send(ApiType.INJECT, number, 0, encodeFields(['/dev/null']));
    t.is(await client.next(), undefined);
  }
  t.is((await sandbox.status()).state, 'up');
});
