// SPDX-License-Identifier: Apache-2.0
// The launcher, thawd's socket and sessions, and the image store together: bulk input to thaw and bulk output. No Xen.

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../toolstack/base/log.js';
import { imageEngine } from '../../toolstack/frontends/thaw/images.js';
import { listen } from '../../toolstack/daemon/listener.js';
import { fakeEngine } from '../support/cli/fake-engine.js';
import { archiveOf, imageStore } from '../support/image/store.js';
import { launch } from '../support/shim/launch.js';
import { makeTar } from '../support/image/oci-image.js';
import { CHECKED_ENV, programs } from '../support/programs.js';
import { until } from '../support/within.js';

const run = promisify(execFile);

/** A thawd that serves images only, with one image of some MiB that do not compress. */
async function daemon(t: ExecutionContext) {
  const { dir, root, store } = await imageStore(t);
  const frozen = { needsImage: () => false };
  const containers = [][Symbol.iterator]();
  const manager = {
    containers,
    usesImage: () => false,
    remove: () => Promise.reject(new Error('There is none')),
  };
  const services = { images: store, frozen } as unknown as Parameters<typeof imageEngine>[0];
  const { engine } = fakeEngine(imageEngine(services, manager));
  const socket = join(dir, 'thawd.sock');
  const server = await listen(socket, engine, silentLog());
  t.teardown(() => server.close());
  const { stdout: noise } = await run('head', ['-c', '5000000', '/dev/urandom'], {
    encoding: 'buffer',
    maxBuffer: 1 << 24,
  });
  const layers = [{ tar: await makeTar([{ name: 'noise', content: noise }]) }];
  const { id } = await store.pull(`oci-archive:${await archiveOf(dir, 'a.tar', { layers })}`);
  await store.tag(id, ['app:1']);
  const line = (text: string) =>
    run('sh', ['-c', text], {
      env: { ...process.env, ...CHECKED_ENV, THAW_SOCKET: socket, THAW: programs().thawChecked },
    });
  return { dir, root, store, id, socket, line };
}

test('an image goes out of one thaw and into another through a pipe', async (t) => {
  const { root, store, id, line } = await daemon(t);
  const { stdout, stderr } = await line('$THAW save app:1 | $THAW load');
  t.is(stdout, 'Loaded image: docker.io/library/app:1\n');
  t.regex(stderr, /^Saving app:1$/m);
  t.is((await store.details('app:1')).image.id, id);
  t.deepEqual(readdirSync(join(root, 'tmp')), []);
});

test('a file in place of a pipe is the same', async (t) => {
  const { dir, line } = await daemon(t);
  await line(`$THAW save -q app:1 >${dir}/one.tar; $THAW save -q -o ${dir}/two.tar app:1`);
  t.deepEqual(await readFile(join(dir, 'one.tar')), await readFile(join(dir, 'two.tar')));
  t.regex((await line(`$THAW load -q <${dir}/one.tar`)).stdout, /^Loaded image: /);
});

test('what is no archive, and nothing at all, is refused; nothing is left of it', async (t) => {
  const { dir, root, line } = await daemon(t);
  await writeFile(join(dir, 'text'), 'no archive at all');
  for (const input of [`${dir}/text`, '/dev/null']) {
    const error = await t.throwsAsync<Error & { code: number; stderr: string }>(
      line(`$THAW load <${input}`),
    );
    t.is(error?.code, 125);
    t.regex(error?.stderr ?? '', /^thaw: Cannot load [^\n]+\n$/);
  }
  t.deepEqual(readdirSync(join(root, 'tmp')), []);
});

test('a load that is interrupted or killed leaves nothing', async (t) => {
  const { root, socket } = await daemon(t);
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const loading = launch(t, socket, { args: ['load'] });
    loading.child.stdin?.write(Buffer.alloc(1_000_000));
    await until('it has begun', () => Promise.resolve(readdirSync(join(root, 'tmp')).length > 0));
    loading.child.kill(signal);
    t.is(await loading.ended(), signal === 'SIGINT' ? 125 : 'SIGKILL');
    await until('all is gone', () => Promise.resolve(readdirSync(join(root, 'tmp')).length === 0));
  }
});

test('a question is answered through the launcher', async (t) => {
  const { store, line } = await daemon(t);
  const asked = await line('echo no | $THAW image prune -a');
  t.regex(asked.stdout, /\[y\/N\] $/);
  t.is((await store.list()).length, 1);
  const { stdout } = await line('yes | $THAW image prune -a');
  t.regex(stdout, /^Are you sure.*\] [0-9a-f]{64}$/m);
  t.is((await store.list()).length, 0);
  await t.throwsAsync(line('$THAW image prune </dev/null'), { message: /use --force/ });
});
