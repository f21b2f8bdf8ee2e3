// SPDX-License-Identifier: Apache-2.0
// A copied sandbox continues afterwards, whichever step fails, also when its thawd is killed meanwhile.

import { readlinkSync } from 'node:fs';
import test from 'ava';
import { XS_STATE } from '../../../../toolstack/agent/wire.js';
import { closeFd } from '../../../../toolstack/clone/template/memfd.js';
import {
  copySandbox,
  goOnIfHeld,
  saveSandbox,
} from '../../../../toolstack/sandbox/snapshot/copy-sandbox.js';
import { copiedSandbox, DOMID } from '../../../support/runtime/copied-sandbox.js';

/** The target of a descriptor of this process; '' if it is closed. */
function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

const never = new AbortController().signal;

test('held, paused, suspended, resumed, woken: then it is up, and the copy is a template', async (t) => {
  const { services, sandbox, log } = await copiedSandbox(t);
  const copied = await copySandbox(services.sandbox, sandbox, { container: 'c' }, never);
  t.teardown(() => closeFd(copied.fd));
  t.deepEqual(log, ['hold', 'pause', 'suspend', 'resume', 'wake', 'up']);
  t.deepEqual(copied.shape, { type: 'pvh', vcpus: 1, memoryKib: 98304 });
  t.deepEqual(copied.running, { disks: ['/l/a.erofs'], vcpus: 1 });
  t.is(copied.memTotalKib, 90_000);
  t.true(copied.bytes > 0);
});

test('one that may not be held has not stood still', async (t) => {
  const { services, sandbox, log } = await copiedSandbox(t, { hold: new Error('no') });
  await t.throwsAsync(copySandbox(services.sandbox, sandbox, { container: 'c' }, never), {
    message: 'no',
  });
  t.deepEqual(log, ['hold']);
});

test('whatever fails after that, it goes on', async (t) => {
  for (const step of ['pause', 'suspend'] as const) {
    const { services, sandbox, log, libxl } = await copiedSandbox(t, { [step]: new Error(step) });
    await t.throwsAsync(copySandbox(services.sandbox, sandbox, { container: 'c' }, never), {
      message: step,
    });
    t.is(log.at(-1), 'up');
    t.not(libxl.domains.get(DOMID)?.shutdown, true);
  }
});

test('what it has open of files of dom0 is written down before the copy, and served again behind it', async (t) => {
  const held = { container: 'c', stash: '/x/files' };
  const { services, sandbox, log } = await copiedSandbox(t);
  const copied = await copySandbox(services.sandbox, sandbox, held, never);
  closeFd(copied.fd);
  t.deepEqual(log, [
    ...['hold with files', 'pause', 'saveFids /x/files', 'suspend', 'go on'],
    ...['resume', 'wake', 'up'],
  ]);
});

test('it is served again where it cannot be written down, or the rest fails, and not where it has ended', async (t) => {
  const held = { container: 'c', stash: '/x/files' };
  for (const step of ['saveFids', 'suspend'] as const) {
    const { services, sandbox, log } = await copiedSandbox(t, { [step]: new Error(step) });
    await t.throwsAsync(copySandbox(services.sandbox, sandbox, held, never), { message: step });
    const behind = step === 'suspend' ? ['resume', 'wake', 'up'] : ['wake', 'up'];
    t.deepEqual(log.slice(log.indexOf('go on')), ['go on', ...behind], step);
  }
  const { services, sandbox, log } = await copiedSandbox(t);
  await saveSandbox(services.sandbox, sandbox, held, never, () => Promise.resolve());
  t.deepEqual(log, ['hold with files', 'pause', 'saveFids /x/files', 'suspend']);
});

test('a container that is too large for dom0 is refused before anything happens', async (t) => {
  const { services, sandbox, log } = await copiedSandbox(t);
  const { xenstore } = services.sandbox.host;
  sandbox.written = () => xenstore.write(`/local/domain/${DOMID}/memory/target`, String(2 ** 40));
  await t.throwsAsync(copySandbox(services.sandbox, sandbox, { container: 'c' }, never), {
    code: 'ERR_MEMORY',
    message: /dom0 has .* available/,
  });
  t.deepEqual(log, []);
});

// Serial, so that no other test gets the descriptor's number.
test.serial('what is saved stands still until that is done, and does not go on then', async (t) => {
  const { services, sandbox, log } = await copiedSandbox(t);
  sandbox.writeBack = () => Promise.resolve(void log.push('write back'));
  sandbox.record.disk = { path: '/d/upper.ext4', bytes: 4096 };
  let fd = -1;
  await saveSandbox(services.sandbox, sandbox, { container: 'c' }, never, async (copied) => {
    await Promise.resolve();
    log.push('save');
    fd = copied.fd;
    t.regex(readlinkSync(`/proc/self/fd/${fd}`), /thaw-copy/);
    // The disk itself, since it has no writer.
    t.deepEqual(copied.running?.upper, sandbox.record.disk);
  });
  t.deepEqual(log, ['write back', 'hold', 'pause', 'suspend', 'save']);
  t.true(sandbox.isOver);
  t.notRegex(linkOf(fd), /thaw-copy/);
});

test('when it cannot be saved it goes on', async (t) => {
  const { services, sandbox, log } = await copiedSandbox(t);
  const saved = saveSandbox(services.sandbox, sandbox, { container: 'c' }, never, () =>
    Promise.reject(new Error('full')),
  );
  await t.throwsAsync(saved, { message: 'full' });
  t.deepEqual(log, ['hold', 'pause', 'suspend', 'resume', 'wake', 'up']);
  t.not(sandbox.isOver, true);
});

test('a domain that an earlier thawd left suspended, or frozen, goes on; any other is left alone', async (t) => {
  const { services, sandbox, record, log, libxl } = await copiedSandbox(t);
  await goOnIfHeld(services.sandbox, sandbox, record.sandbox);
  t.deepEqual(log, []);
  const state = `/local/domain/${DOMID}/${XS_STATE}`;
  await services.sandbox.host.xenstore.write(state, 'frozen');
  Object.assign(libxl.domains.get(DOMID) ?? {}, { shutdown: true, shutdownReason: 'suspend' });
  record.sandbox.files = [{ path: '/', readOnly: false }];
  await goOnIfHeld(services.sandbox, sandbox, record.sandbox);
  t.deepEqual(log, ['go on', 'resume', 'wake']);
});

test('one whose shim has let go is waited for until its agent stands still', async (t) => {
  const { services, sandbox, record, log } = await copiedSandbox(t);
  const { xenstore } = services.sandbox.host;
  let looks = 0;
  sandbox.shim.status = async () => {
    if (++looks === 2) await xenstore.write(`/local/domain/${DOMID}/${XS_STATE}`, 'frozen');
    return { state: 'waiting', processes: [] };
  };
  await goOnIfHeld(services.sandbox, sandbox, record.sandbox);
  t.is(looks, 2);
  t.deepEqual(log, ['wake']);
});

test('a suspend that comes after all is undone as well', async (t) => {
  const { services, sandbox, record, log, libxl, hooks } = await copiedSandbox(t);
  const { xenstore } = services.sandbox.host;
  await xenstore.write(`/local/domain/${DOMID}/${XS_STATE}`, 'frozen');
  hooks.onWake = () =>
    void Object.assign(libxl.domains.get(DOMID) ?? {}, {
      shutdown: true,
      shutdownReason: 'suspend',
    });
  await goOnIfHeld(services.sandbox, sandbox, record.sandbox);
  t.deepEqual(log, ['wake', 'resume']);
});

test('a domain that is gone gets no nodes', async (t) => {
  const { services, sandbox, record, libxl } = await copiedSandbox(t);
  const { xenstore } = services.sandbox.host;
  const base = `/local/domain/${DOMID}`;
  await xenstore.write(`${base}/vm`, '/vm/another');
  await xenstore.write(`${base}/${XS_STATE}`, 'frozen');
  libxl.domains.clear();
  const going = goOnIfHeld(services.sandbox, sandbox, record.sandbox);
  await xenstore.write(`${base}/${XS_STATE}`, 'running');
  await going;
  t.is(await xenstore.readIfExists(`${base}/data/thaw/wake`), undefined);
});
