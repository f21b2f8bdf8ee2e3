// SPDX-License-Identifier: Apache-2.0
// A passed suite is not run again while its inputs are unchanged. Each kind of input counts only for the suites that depend on it.

import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { ROOT } from '../../support/programs.js';

const SUITES = ['check', 'unit', 'agent', 'lab', 'thaw-pvh', 'thaw-pv', 'compat', 'xen'];
const exec = promisify(execFile);

/** A tree with a few inputs of each kind. */
function makeTree(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'thaw-suites-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  const dom0 = (image: string): void =>
    write('scripts/lab', `#!/bin/sh\necho /cache/dom0/${image}\n`, 0o755);
  dom0('1');
  write('.gitignore', 'build/\ndist/\n');
  write('scripts/lib/packages.txt', 'bash # a shell\n');
  for (const path of [
    ...['README.md', 'docs/files.md', 'docs/compat.md', 'toolstack/a.ts', 'scripts/lab.d/up.sh'],
    ...['test/unit/a.test.ts', 'test/xen/thaw/a.test.ts', 'test/agent/a.test.ts'],
    ...['dist/joined/lab-thaw-1.test.js', 'dist/joined/lab-compat-1.test.js'],
    ...['dist/joined/lab-xen-1.test.js', 'dist/test/xen/bindings/peer.js'],
    ...['build/install/usr/lib/thaw/main.js', 'build/install/usr/share/man/man1/thaw.1.gz'],
    ...['build/labtests/guest/vmlinux', 'build/labtests/guest/base.erofs'],
    ...['build/test-images/busybox.tar', 'package-lock.json'],
  ])
    write(path, '1');
  execFileSync('git', ['init', '-q', root]);
  return { root, write, dom0 };
}

async function inputs(root: string): Promise<Record<string, string>> {
  const script = join(ROOT, 'scripts/suite-inputs.mjs');
  const env = { ...process.env, THAW_ROOT: root };
  const { stdout } = await exec('node', [script, ...SUITES], { env });
  const parts = stdout.split(/^suite (.*)\n/m).slice(1);
  return Object.fromEntries(SUITES.map((suite, i) => [suite, parts[2 * i + 1] ?? '']));
}

test('a change counts for the suites that depend on it, and for no other', async (t) => {
  const { root, write, dom0 } = makeTree(t);
  const inDom0 = ['thaw-pvh', 'thaw-pv', 'compat', 'xen'];
  const changes: [what: string, change: () => void, counts: string[]][] = [
    ['documentation', () => write('README.md', '2'), ['check']],
    ['more of it', () => write('docs/files.md', '2'), ['check']],
    ['a page that a test reads', () => write('docs/compat.md', '2'), ['check', 'unit']],
    ['a source', () => write('toolstack/a.ts', '2'), ['check', 'unit', 'agent']],
    ['its mode', () => write('toolstack/a.ts', '2', 0o755), ['check', 'unit', 'agent']],
    ['its end', () => rmSync(join(root, 'toolstack/a.ts')), ['check', 'unit', 'agent']],
    ['one not committed', () => write('toolstack/b.ts', '1'), ['check', 'unit', 'agent']],
    ['a unit test', () => write('test/unit/a.test.ts', '2'), ['check', 'unit']],
    ['a test of dom0, not compiled', () => write('test/xen/thaw/a.test.ts', '2'), ['check']],
    ['compiled', () => write('dist/joined/lab-thaw-1.test.js', '2'), ['thaw-pvh', 'thaw-pv']],
    ['what a test starts', () => write('dist/test/xen/bindings/peer.js', '2'), ['xen']],
    ['what is installed', () => write('build/install/usr/lib/thaw/main.js', '2'), inDom0],
    ['its manual', () => write('build/install/usr/share/man/man1/thaw.1.gz', '2'), []],
    ['a guest', () => write('build/labtests/guest/vmlinux', '2'), inDom0],
    ['times in a file system', () => write('build/labtests/guest/base.erofs', '2'), []],
    ['an image', () => write('build/test-images/busybox.tar', '2'), inDom0],
    ['dom0', () => dom0('2'), ['check', 'unit', 'agent', 'lab', ...inDom0]],
    ['a package', () => write('scripts/lib/packages.txt', 'bash\ncoreutils\n'), SUITES],
  ];
  let before = await inputs(root);
  t.deepEqual(await inputs(root), before);
  for (const [what, change, counts] of changes) {
    change();
    const now = await inputs(root);
    const changed = SUITES.filter((suite) => now[suite] !== before[suite]);
    t.deepEqual(changed, SUITES.filter((suite) => counts.includes(suite)), what); // prettier-ignore
    before = now;
  }
});

test('a tree whose inputs cannot be told is no input', async (t) => {
  const { root } = makeTree(t);
  rmSync(join(root, '.git'), { recursive: true });
  const script = join(ROOT, 'scripts/suite-inputs.mjs');
  // A git tree around it provides no inputs either.
  const env = { ...process.env, THAW_ROOT: root, GIT_CEILING_DIRECTORIES: dirname(root) };
  await t.throwsAsync(exec('node', [script, 'unit'], { env }));
});

test('a whole pass is remembered, and nothing else', async (t) => {
  const { root, write } = makeTree(t);
  const [logs, cache] = [join(root, 'build/logs'), join(root, 'build/cache')];
  mkdirSync(logs, { recursive: true });
  mkdirSync(join(root, 'scripts'), { recursive: true });
  execFileSync('cp', [join(ROOT, 'scripts/suite-inputs.mjs'), join(root, 'scripts')]);
  const bash = async (script: string) => {
    const words = [
      '-uc',
      `say() { echo "$*" >&2; }; . '${ROOT}/scripts/lib/suite-cache.sh'; ${script}`,
    ];
    const env = { ...process.env, THAW_ROOT: root, THAW_CACHE: cache, LOGS: logs };
    return exec('bash', words, { env });
  };
  const runs = async (all = '') => (await bash(`suites_to_run '${all}' unit agent`)).stdout.trim();
  const ends = (counts: string) => bash(`echo '${counts}' >"$LOGS/counts"; remember_suite unit`);
  t.is(await runs(), 'unit agent');
  for (const counts of ['unit 5 1 0', 'unit 5 0 1', 'unit 0 0 0', 'agent 5 0 0']) {
    await ends(counts);
    t.is(await runs(), 'unit agent', counts);
  }
  await ends('unit 5 0 0');
  await bash(': >"$LOGS/counts"');
  const { stdout, stderr } = await bash('suites_to_run \'\' unit agent; cat "$LOGS/counts"');
  t.is(stdout, 'agent unit 5 0 0\n');
  t.regex(stderr, /^Suite unit: 5 passed \(cached from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)\n$/);
  t.is(await runs('yes'), 'unit agent');
  t.is((await bash("MORE_SUITES='hundred unit'; suites_to_run '' unit")).stdout, 'unit ');
  await runs();
  // A change during the run invalidates its result.
  write('test/unit/a.test.ts', '2');
  t.is(await runs(), 'unit agent');
  write('test/unit/a.test.ts', '3');
  await ends('unit 5 0 0');
  t.is(await runs(), 'unit agent');
  t.is(readdirSync(join(cache, 'suites')).length, 1);
});
