// SPDX-License-Identifier: Apache-2.0
// exec runs the container's own process as changed by options, or the process of a file.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ProcessSpec } from '../../../../../toolstack/frontends/oci/config/config.js';
import { processWith, readProcess } from '../../../../../toolstack/frontends/oci/config/process.js';

const OWN: ProcessSpec = {
  args: ['init'],
  cwd: '/home',
  terminal: true,
  env: ['A=1'],
  user: { uid: 5, gid: 6, additionalGids: [7], umask: 18 },
  capabilities: { bounding: ['CAP_CHOWN'] },
  apparmorProfile: 'p',
  selinuxLabel: 'l',
  consoleSize: { height: 1, width: 2 },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
};
const PLAIN = { args: ['ls'], tty: false, env: [], caps: [], gids: [], noNewPrivileges: false };

test('without options it is the container’s own with other words, and no terminal', (t) => {
  t.deepEqual(processWith(OWN, PLAIN), {
    args: ['ls'],
    cwd: '/home',
    terminal: false,
    env: ['A=1'],
    user: { uid: 5, gid: 6, additionalGids: [7], umask: 18 },
    capabilities: { bounding: ['CAP_CHOWN'] },
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1, hard: 2 }],
  });
});

test('options change and add', (t) => {
  const changed = processWith(OWN, {
    args: ['ls', '-l'],
    tty: true,
    cwd: '/x',
    user: '8:9',
    env: ['B=2'],
    caps: ['CAP_KILL', 'CAP_CHOWN'],
    gids: ['10'],
    noNewPrivileges: true,
  });
  t.like(changed, {
    args: ['ls', '-l'],
    cwd: '/x',
    terminal: true,
    env: ['A=1', 'B=2'],
    user: { uid: 8, gid: 9, additionalGids: [7, 10], umask: 18 },
    capabilities: { bounding: ['CAP_CHOWN', 'CAP_KILL'], ambient: ['CAP_KILL', 'CAP_CHOWN'] },
    noNewPrivileges: true,
  });
  t.like(processWith(OWN, { ...PLAIN, user: '8' }), { user: { uid: 8, gid: 6 } });
});

for (const [change, message] of [
  [{ args: [] }, /a program is wanted/],
  [{ user: 'root' }, /--user: "root" is no number/],
  [{ user: '1:2:3' }, /--user: "1:2:3" is no UID/],
  [{ gids: ['-1'] }, /--additional-gids: "-1"/],
] as const)
  test(`${JSON.stringify(change)} is refused`, (t) => {
    t.throws(() => processWith(OWN, { ...PLAIN, ...change }), { code: 'ERR_USAGE', message });
  });

test('a file is checked as config.json is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-process-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'process.json');
  await writeFile(path, JSON.stringify({ ...OWN, args: ['a'] }));
  t.like(await readProcess(path), { args: ['a'], terminal: true, apparmorProfile: undefined });
  for (const [text, message] of [
    ['{', /Cannot read .*process\.json/],
    ['[]', /process: an object is wanted/],
    ['{"args": [], "cwd": "/"}', /process\.args: a program is wanted/],
    ['{"args": ["a"], "cwd": "x"}', /process\.cwd: "x" is no absolute path/],
    ['{"args": ["a"], "cwd": "/", "env": [1]}', /process\.env\[0\]: a text is wanted/],
  ] as const) {
    await writeFile(path, text);
    await t.throwsAsync(readProcess(path), { code: 'ERR_OCI_CONFIG', message });
  }
});
