// SPDX-License-Identifier: Apache-2.0
// A missing addon, a missing Xen or wrong arguments never crash the process. Each case runs in a process of its own.

import test from 'ava';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { Libxl, Vchan, XenError, loadNative } from '../../../bindings/index.js';

const run = promisify(execFile);
const index = new URL('../../../bindings/index.js', import.meta.url).href;
const hasXen = existsSync('/dev/xen/privcmd');

/** Runs a module's text in another Node process. Resolves with its output, rejects when it fails or dies. */
async function inProcess(
  source: string,
  env: NodeJS.ProcessEnv = {},
  flags: string[] = [],
): Promise<string> {
  const text = `import * as b from '${index}';\n${source}`;
  const args = [...flags, '--input-type=module', '-e', text];
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  return stdout.trim();
}

test('an addon that is not built says which command builds it', async (t) => {
  const out = await inProcess(
    'try { b.loadNative() } catch (e) { console.log(e.name, e.code, e.message) }',
    { THAW_NATIVE: '/nonexistent/thaw.node' },
  );
  t.regex(out, /^XenError ERR_XEN_NO_BINDINGS .*scripts\/build-bindings/);
});

test('an addon that does not load names the libraries', async (t) => {
  const out = await inProcess(
    'try { b.loadNative() } catch (e) { console.log(e.code, e.message, e.cause instanceof Error) }',
    { THAW_NATIVE: '/bin/true' },
  );
  t.regex(out, /^ERR_XEN_NO_BINDINGS .*libraries.* true$/);
});

test('without Xen, opening rejects with ERR_XEN_NO_XEN and says what to do', async (t) => {
  if (hasXen) {
    t.pass('there is Xen here: test/xen covers opening');
    return;
  }
  const error = await t.throwsAsync(Libxl.open(), { instanceOf: XenError, code: 'ERR_XEN_NO_XEN' });
  t.regex(error.message, /privcmd.*boot this host under Xen/);
  await t.throwsAsync(Vchan.connect({ domid: 0, path: '/local/domain/0/data/x' }), {
    code: 'ERR_XEN_NO_XEN',
  });
  await t.throwsAsync(Vchan.listen({ domid: 0, path: '/local/domain/0/data/x' }), {
    code: 'ERR_XEN_NO_XEN',
  });
});

test('many failed opens at once each reject, and the process ends by itself', async (t) => {
  if (hasXen) {
    t.pass('there is Xen here: opening succeeds');
    return;
  }
  const out = await inProcess(
    `const all = await Promise.allSettled(Array.from({ length: 50 }, () => b.Libxl.open()));
     console.log(all.filter((r) => r.status === 'rejected' && r.reason.code === 'ERR_XEN_NO_XEN').length);`,
  );
  t.is(out, '50');
});

test('the addon refuses wrong arguments with TypeErrors, whatever they are', async (t) => {
  const out = await inProcess(
    `const native = b.loadNative();
     const junk = [undefined, null, -1, 1.5, NaN, 2 ** 40, '', 'x\\0y', Symbol('s'), {}, [], () => {}, 10n, new Uint8Array(1)];
     let wrong = 0, calls = 0;
     const good = { openContext: [0, 1, 2], vchanConnect: [], vchanListen: [], trimStream: [], memfdCreate: [], initialize: [] };
     for (const name of Object.keys(good)) {
       for (const value of junk) for (const n of [0, 1, 2]) {
         if (name === 'memfdCreate' && value === '') continue;
         if (name === 'initialize' && typeof value === 'function') continue;
         const args = n === 0 ? [] : Array(n * 2).fill(value);
         if (n === 0 && value !== undefined) continue;
         calls++;
         try { native[name](...args); wrong++; console.log('accepted', name, String(value), n) }
         catch (e) { if (!(e instanceof TypeError)) { wrong++; console.log(name, e) } }
       }
     }
     console.log(calls > 100, wrong);`,
  );
  t.is(out, 'true 0');
});

test('the typed calls refuse wrong arguments before the addon is asked', (t) => {
  t.throws(() => loadNative().memfdCreate(5 as unknown as string), { instanceOf: TypeError });
});

test('a Worker may open and be terminated in the middle, again and again', async (t) => {
  const out = await inProcess(
    `import { Worker } from 'node:worker_threads';
     const text = "import('${index}').then((b) => { b.Libxl.open().catch(() => {}); " +
       "const fd = b.memfdCreate('w'); b.trimStream(fd, fd).catch(() => {}); postMessage(1); });" +
       "import { parentPort } from 'node:worker_threads'; const postMessage = (m) => parentPort.postMessage(m);";
     for (let i = 0; i < 15; i++) {
       const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)));
       await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
       await worker.terminate();
     }
     console.log('alive');`,
  );
  t.is(out, 'alive');
});

test('exit with calls in flight and collection of everything leave no crash', async (t) => {
  await inProcess(
    `b.Libxl.open().catch(() => {}); b.trimStream(0, 1).catch(() => {}); process.exit(0);`,
  );
  const out = await inProcess(
    `for (let i = 0; i < 20; i++) { await b.Libxl.open().then((x) => x.listDomains(), () => {}); global.gc(); }
     console.log('alive');`,
    {},
    ['--expose-gc'],
  );
  t.is(out, 'alive');
});
