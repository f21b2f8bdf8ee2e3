#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Prints the inputs of a suite's outcome: `scripts/suite-inputs.mjs SUITE...` prints a line for each: hash, mode and name of a file, or a
// version. scripts/test does not run a suite again that has passed with the same lines. Too much here costs a run, too little hides a failure.
// docs/testing.md says it in words. THAW_ROOT is another tree than the one this is in.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.env.THAW_ROOT ?? fileURLToPath(new URL('..', import.meta.url));
const suites = process.argv.slice(2);
if (suites.length === 0) {
  console.error('usage: scripts/suite-inputs.mjs SUITE...');
  process.exit(2);
}

/** Only check reads these, and a unit test one page. */
const DOCS = /\.md$|^LICENSE$|^bench\/[^/]*\.(svg|json)$/;
/** Scripts that start a lab, lay thaw into it and run a suite there. */
const LAB_SCRIPTS = ['scripts/lab', 'scripts/lab.d', 'scripts/lib/common.sh'];

const run = (program, ...words) =>
  execFileSync(program, words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });

/** One file or link. */
function line(name) {
  const path = join(root, name);
  const { mode, size } = lstatSync(path);
  const isLink = (mode & 0o170000) === 0o120000;
  const hash = createHash('sha256').update(isLink ? readlinkSync(path) : readFileSync(path));
  return `${hash.digest('hex')} ${mode.toString(8)} ${size} ${name}`;
}

/** All below those paths, but for names that match. What is not there is an input, too. */
function tree(paths, but = /$^/) {
  return paths.flatMap((path) => {
    if (!existsSync(join(root, path))) return [`none ${path}`];
    const names = lstatSync(join(root, path)).isDirectory()
      ? readdirSync(join(root, path), { recursive: true, withFileTypes: true })
          .filter((entry) => !entry.isDirectory())
          .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(root, '/').length))
      : [path];
    return names.filter((name) => !but.test(name)).sort().map(line);
  });
}

/** The tree's own files, committed or not, but for names that match. */
function sources(but) {
  own ??= run('git', 'ls-files', '-coz', '--exclude-standard')
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(root, name)))
    .sort();
  return own.filter((name) => !but.test(name)).map(line);
}

let own;

/** Programs that are used without being named in packages.txt come with those, or are these. */
const MORE_PACKAGES = ['crun', 'gcc', 'git', 'util-linux', 'libc6'];

/** The machine's kernel, Node.js, and Debian's packages with the versions that are there. */
function machine() {
  const packages = readFileSync(join(root, 'scripts/lib/packages.txt'), 'utf8')
    .split('\n')
    .map((text) => text.replace(/#.*/, '').trim())
    .filter((name) => name !== '');
  const installed = new Map(
    run('dpkg-query', '-W', '-f', '${Package} ${Version}\n')
      .split('\n')
      .map((text) => text.split(' ')),
  );
  const versions = [...packages, ...MORE_PACKAGES].map((name) => `${name} ${installed.get(name) ?? 'none'}`);
  return [`linux ${release()}`, `node ${process.version}`, ...versions];
}

/** dom0's image is kept under a name that says what is in it: Xen, kernel, programs. */
const lab = () => [`dom0 ${basename(run(join(root, 'scripts/lab'), 'build').trim())}`];

/** The compiled tests that run in dom0: one file with all its imports. The suite xen starts others beside it. */
function program(suite) {
  const joined = `dist/joined/lab-${suite.replace(/-pvh?$/, '')}-1.test.js`;
  const beside = ['test/xen/bindings', 'test/xen/xenstore', 'test/support', 'toolstack'].map((name) => `dist/${name}`);
  return tree(suite === 'xen' ? [joined, ...beside] : [joined], /\.map$/);
}

function inDom0(suite) {
  return [
    `long ${process.env.THAW_TEST_LONG ?? 'no'}`,
    ...lab(),
    ...tree([...LAB_SCRIPTS, 'scripts/lib', 'scripts/bundle-ava.mjs', 'scripts/package', 'scripts/test', 'test/agent/make-guest']),
    ...tree(['package.json', 'package-lock.json', 'ava.config.js', 'build/test-images']),
    ...tree(['dist/bindings', 'dist/xenstore'], /\.map$/),
    // scripts/package makes a package of it. The manual has the day of the last commit in it.
    ...tree(['build/install'], /^build\/install\/usr\/share\/man\//),
    // Modules are those of package-lock.json, and a file system has times in it.
    ...tree(['build/labtests'], /^build\/labtests\/(dist|node_modules)\/|^build\/labtests\/guest\/base\.erofs$/),
    ...program(suite),
  ];
}

function inputs(suite) {
  switch (suite) {
    case 'check':
      return sources(/$^/);
    case 'unit':
      return [...sources(new RegExp(`${DOCS.source}|^test/(xen|lab)/`)), ...tree(['docs/compat.md'])];
    case 'component':
    case 'agent':
    case 'launcher':
    case 'shim':
      return sources(new RegExp(`${DOCS.source}|^test/(xen|lab|unit)/`));
    case 'lab':
      return [...lab(), ...tree([...LAB_SCRIPTS, 'test/lab'])];
    default:
      return inDom0(suite);
  }
}

const versions = machine();
for (const suite of suites) process.stdout.write([`suite ${suite}`, ...versions, ...inputs(suite), ''].join('\n'));
