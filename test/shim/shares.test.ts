// SPDX-License-Identifier: Apache-2.0
// Each device has its own file server, which ends independently. The sandbox ends when a server ends unexpectedly. test/xen/thaw/volumes
// and pods test with a domain.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ApiType, encodeShare } from '../../toolstack/api/wire.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { SHARE, SHARED, SAVE_FIDS, FIDS_SAVED, UNSHARE, UNSHARED } = ApiType;
const RINGS = [
  { ref: 8, port: 1 },
  { ref: 9, port: 2 },
];
const share = (path: string, snapshot?: string) =>
  encodeShare(RINGS, [{ path, readOnly: true }], snapshot);

/** A shim whose file servers are test/support/shim/fake_share_server.c. */
const serving = (t: ExecutionContext): Promise<Sandbox> =>
  Sandbox.start(t, { program: programs().shimOfFiles });

async function shared(sandbox: Sandbox, device: number, path = '/srv', snapshot?: string) {
  sandbox.control.send(SHARE, device, 0, share(path, snapshot));
  const { id, arg, payload } = await sandbox.control.nextOf(SHARED);
  return { id, arg, text: payload.toString() };
}

/** Saves the fid snapshot of a device's server at `path`. An empty path resumes the server. */
async function saved(sandbox: Sandbox, device: number, path: string, client = sandbox.control) {
  client.send(SAVE_FIDS, device, 0, encodeFields([path]));
  const { id, arg, payload } = await client.nextOf(FIDS_SAVED);
  if (id !== device) throw new Error(`FIDS_SAVED is of device ${id}`);
  return { arg, text: payload.toString() };
}

/** The pids of its file servers, oldest first, including a server that has ended and is not reaped. */
function servers({ shim: { pid } }: Sandbox): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  // The relay is the first child.
  return text.split(' ').slice(1).map(Number);
}

test('without a domain it says so, and serves on', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (let i = 0; i < 2; i++) {
    const { arg, text } = await shared(sandbox, 0);
    t.is(arg, 2);
    t.regex(text, /there is no domain/);
  }
  t.is((await sandbox.status()).state, 'up');
});

test('a SHARE without exports is malformed', async (t) => {
  const sandbox = await Sandbox.start(t);
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(SHARE, 0, 0, encodeShare(RINGS, []));
  await other.closed;
  t.is((await sandbox.status()).state, 'up');
});

test('so is an UNSHARE that says more than its device', async (t) => {
  const sandbox = await Sandbox.start(t);
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(UNSHARE, 1, 0, Buffer.alloc(1));
  await other.closed;
  t.is((await sandbox.status()).state, 'up');
});

test('the server by itself has nobody to serve', async (t) => {
  const { shimChecked: program } = programs();
  const status = await new Promise((resolve) => {
    // Descriptors 3 and 4 are closed.
    execFile(program, ['--files', '1', '0'], (error) => resolve(error?.code));
  });
  t.is(status, 1);
});

test('two devices have a server each, and one that is unshared goes alone', async (t) => {
  const sandbox = await serving(t);
  t.deepEqual(await shared(sandbox, 1), { id: 1, arg: 0, text: '' });
  t.deepEqual(await shared(sandbox, 2), { id: 2, arg: 0, text: '' });
  const [first, second] = servers(sandbox);
  t.regex((await shared(sandbox, 2)).text, /has a server already/);
  sandbox.control.send(UNSHARE, 1, 0);
  t.is((await sandbox.control.nextOf(UNSHARED)).id, 1);
  t.deepEqual(servers(sandbox), [second], 'it is told once it is gone');
  t.not(first, second);
  t.is((await sandbox.status()).state, 'up');
  t.is((await shared(sandbox, 1)).arg, 0, 'its number is free');
  t.is(servers(sandbox).length, 2);
});

test('what has no server is gone', async (t) => {
  const sandbox = await serving(t);
  t.is((await shared(sandbox, 1)).arg, 0);
  sandbox.control.send(UNSHARE, 4_000_000_000, 0);
  t.is((await sandbox.control.nextOf(UNSHARED)).id, 4_000_000_000);
  t.is(servers(sandbox).length, 1);
  t.is((await sandbox.status()).state, 'up');
});

test('a path that cannot be shared is its own device’s loss', async (t) => {
  const sandbox = await serving(t);
  t.is((await shared(sandbox, 1)).arg, 0);
  const { id, text } = await shared(sandbox, 2, '/refused');
  t.deepEqual([id, text], [2, 'Cannot share /refused']);
  await until('it is reaped', () => servers(sandbox).length === 1);
  t.is((await shared(sandbox, 2)).arg, 0);
  t.is((await sandbox.status()).state, 'up');
});

test('answers go to who asked, whatever others ask, and to nobody once that has gone', async (t) => {
  const sandbox = await serving(t);
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(SHARE, 1, 0, share('/slow'));
  await until('its server begins', () => servers(sandbox).length === 1);
  t.is((await shared(sandbox, 2)).id, 2);
  sandbox.control.send(UNSHARE, 1, 0);
  const { id, payload } = await other.nextOf(SHARED);
  t.deepEqual([id, payload.toString()], [1, 'Its device was unshared before it served']);
  t.is((await sandbox.control.nextOf(UNSHARED)).id, 1);
  other.send(SHARE, 3, 0, share('/slow'));
  await until('its server begins', () => servers(sandbox).length === 2);
  other.close();
  sandbox.control.send(UNSHARE, 3, 0);
  t.is((await sandbox.control.nextOf(UNSHARED)).id, 3);
  t.is((await sandbox.status()).state, 'up');
});

test('there is a limit, and one that went makes room', async (t) => {
  const sandbox = await serving(t);
  const most = 128;
  for (let device = 0; device < most; device++)
    sandbox.control.send(SHARE, device, 0, share('/srv'));
  const answers = new Set<number>();
  for (let i = 0; i < most; i++) {
    const { id, arg } = await sandbox.control.nextOf(SHARED);
    t.is(arg, 0);
    answers.add(id);
  }
  t.is(answers.size, most);
  const { arg, text } = await shared(sandbox, most);
  t.is(arg, 2);
  t.regex(text, /too many servers/);
  sandbox.control.send(UNSHARE, 77, 0);
  await sandbox.control.nextOf(UNSHARED);
  t.is((await shared(sandbox, most)).arg, 0);
});

test('one that ends by itself is the end of the sandbox, and of the others', async (t) => {
  const sandbox = await serving(t);
  await shared(sandbox, 1);
  await shared(sandbox, 2);
  const [first = 0] = servers(sandbox);
  process.kill(first, 'SIGKILL');
  await until('the sandbox is lost', async () => (await sandbox.status()).state === 'lost');
  t.regex((await sandbox.status()).reason ?? '', /its file server ended/);
  await until('all are reaped', () => servers(sandbox).length === 0);
  sandbox.control.send(UNSHARE, 2, 0);
  t.is((await sandbox.control.nextOf(UNSHARED)).id, 2);
  t.regex((await shared(sandbox, 3)).text, /its file server ended/);
});

const DONE = { arg: 0, text: '' };

test('a server saves its fids in a new file, stops, and resumes; another restores them', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  await shared(sandbox, 1);
  t.deepEqual(await saved(sandbox, 1, ''), DONE, 'it goes on already');
  t.deepEqual(await saved(sandbox, 1, file), DONE);
  t.is(readFileSync(file, 'utf8'), 'saved');
  t.is(statSync(file).mode & 0o777, 0o600);
  t.regex((await saved(sandbox, 1, `${file}-again`)).text, /was told to already/);
  t.false(existsSync(`${file}-again`));
  t.deepEqual(await saved(sandbox, 1, ''), DONE);
  t.deepEqual(await saved(sandbox, 1, ''), DONE);
  t.deepEqual(await saved(sandbox, 1, `${file}-again`), DONE);
  t.is((await shared(sandbox, 2, '/srv', file)).arg, 0);
  t.is((await sandbox.status()).state, 'up');
});

test('one that cannot says why, leaves no file and serves on', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  await shared(sandbox, 1, '/stubborn');
  for (let i = 0; i < 2; i++) {
    t.deepEqual(await saved(sandbox, 1, file), { arg: 2, text: 'a file is gone' });
    t.false(existsSync(file));
  }
  t.deepEqual(await saved(sandbox, 1, ''), DONE);
  t.is((await sandbox.status()).state, 'up');
});

test('no fids are saved of a device without a server, or where no file can be made', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  sandbox.control.send(SHARE, 2, 0, share('/slow'));
  for (const device of [1, 2])
    for (const path of [file, ''])
      t.deepEqual(await saved(sandbox, device, path), {
        arg: 2,
        text: 'Cannot save the open files: the device has no server',
      });
  await shared(sandbox, 1);
  t.regex((await saved(sandbox, 1, 'relative')).text, /no absolute path/);
  writeFileSync(file, 'mine');
  symlinkSync('nothing', `${file}-link`);
  for (const path of [file, `${file}-link`])
    t.deepEqual(await saved(sandbox, 1, path), {
      arg: 12,
      text: `Cannot make ${path}: File exists`,
    });
  t.is(readFileSync(file, 'utf8'), 'mine');
  t.deepEqual(await saved(sandbox, 1, `${file}-new`), DONE);
});

test('a SAVE_FIDS that is no one path is malformed', async (t) => {
  const sandbox = await serving(t);
  await shared(sandbox, 1);
  for (const payload of [Buffer.alloc(0), encodeFields(['/a', '/b']), encodeFields(['/a\0b'])]) {
    sandbox.control.send(SAVE_FIDS, 1, 0, payload);
    t.is((await sandbox.control.nextOf(FIDS_SAVED)).arg, 1);
  }
  t.is((await sandbox.status()).state, 'up');
});

test('only a file that a server wrote is restored', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  const refused = async (path: string) => (await shared(sandbox, 1, '/srv', path)).text;
  t.is(await refused(file), `Cannot restore ${file}: No such file or directory`);
  t.is(await refused(sandbox.dir), `Cannot restore ${sandbox.dir}: it is no file`);
  t.is(await refused('/dev/null'), 'Cannot restore /dev/null: it is no file');
  t.regex(await refused('one'), /no absolute path/);
  t.regex(await refused(''), /no absolute path/);
  writeFileSync(file, 'other');
  symlinkSync(file, `${file}-link`);
  t.regex(await refused(`${file}-link`), /Too many levels/);
  t.is(servers(sandbox).length, 0);
  t.is(await refused(file), 'Cannot restore the fid snapshot');
  t.is((await sandbox.status()).state, 'up');
});

/** The pid of a server of /late, which has its file and blocks before it writes it. */
async function untilLate(sandbox: Sandbox): Promise<number> {
  const [pid = 0] = servers(sandbox);
  // Bit 17 is SIGCONT.
  const waits = (): boolean =>
    /^SigCgt:.*[2367abef].{4}$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  await until('it has its file', waits);
  return pid;
}

test('a snapshot that no client waits for is cancelled, and its file removed', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  await shared(sandbox, 1, '/late');
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(SAVE_FIDS, 1, 0, encodeFields([file]));
  const pid = await untilLate(sandbox);
  other.close();
  const answer = saved(sandbox, 1, '');
  // The shim's answer to this shows that it has seen both.
  await sandbox.status();
  process.kill(pid, 'SIGCONT');
  t.deepEqual(await answer, DONE);
  t.false(existsSync(file));
  t.deepEqual(await saved(sandbox, 1, file), DONE);
  t.true(existsSync(file));
});

test('one that ends or is unshared meanwhile leaves no file', async (t) => {
  for (const end of ['UNSHARE', 'SIGKILL']) {
    const sandbox = await serving(t);
    const file = join(sandbox.dir, 'one');
    await shared(sandbox, 1, '/late');
    sandbox.control.send(SAVE_FIDS, 1, 0, encodeFields([file]));
    const pid = await untilLate(sandbox);
    t.true(existsSync(file));
    if (end === 'UNSHARE') sandbox.control.send(UNSHARE, 1, 0);
    else process.kill(pid, end);
    const { arg, payload } = await sandbox.control.nextOf(FIDS_SAVED);
    t.deepEqual(
      [arg, payload.toString()],
      [12, 'The file server ended before it had saved the open files'],
    );
    t.false(existsSync(file));
    await until('it is gone', () => servers(sandbox).length === 0);
    t.is((await sandbox.status()).state, end === 'UNSHARE' ? 'up' : 'lost');
  }
});

test('one that ends while it stands still is the end of the sandbox', async (t) => {
  const sandbox = await serving(t);
  const file = join(sandbox.dir, 'one');
  await shared(sandbox, 1);
  await saved(sandbox, 1, file);
  process.kill(servers(sandbox)[0] ?? 0, 'SIGKILL');
  await until('the sandbox is lost', async () => (await sandbox.status()).state === 'lost');
  t.true(existsSync(file));
  t.regex((await saved(sandbox, 1, '')).text, /its file server ended/);
});
