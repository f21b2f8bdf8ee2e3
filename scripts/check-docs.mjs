// SPDX-License-Identifier: Apache-2.0
// Checks the documents: line and paragraph length, and that each file they mention exists. Refuses comments whose subject has no name.
// Argument: the tree; without it, this one.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const LINE_MAX = 120;
const PARAGRAPH_MAX = 4;

const SKIPPED = new Set(['.git', 'node_modules', 'dist', 'build']);
const SOURCE = /\.(ts|mjs|c|h|cpp|hpp|sh|config|service|socket)$|^scripts\/|^\.ci\/|\/Makefile$/;

/** A path from the root of the tree, in any text; one with a word in capitals (`NAME`) is an example. */
const ROOTED = /(?<![\w./~@-])(?:(?:toolstack|scripts|kernels|test|bindings|xenstore|bench)\/[\w*./-]*\w|docs\/[\w-]+\.\w+)/g;
/** Any other source file, by the end of its path: in backticks, or with its folder. */
const BY_ITS_END = /(?<=`)[\w.-]+\.(?:ts|mjs|c|h|cpp|hpp|patch)(?=`)|(?<![\w./~@*-])(?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|c|h|cpp|hpp|patch)\b/g;
/** Built, not kept. */
const BUILT = /^[\w/]+\/build\//;

const tree = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const problems = [];
const paths = [...walk(tree)].map((path) => relative(tree, path));

for (const path of paths.filter((name) => name.endsWith('.md'))) checkPage(path);
checkComments();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    yield path;
  }
}

function checkPage(page) {
  let isFenced = false;
  let paragraph = 0;
  for (const [index, line] of readFileSync(join(tree, page), 'utf8').split('\n').entries()) {
    const where = `${page}:${index + 1}`;
    checkPaths(where, line);
    if (/^\s*```/.test(line)) {
      isFenced = !isFenced;
      paragraph = 0;
      continue;
    }
    const isTable = line.startsWith('|');
    if (isFenced || isCode(line)) {
      paragraph = 0;
      continue;
    }
    // Characters, as a reader counts them.
    const { length } = [...line];
    if (length > LINE_MAX) problems.push(`${where}: ${length} characters, at most ${LINE_MAX} are allowed`);
    if (line.trim() === '' || isTable || /^#/.test(line)) paragraph = 0;
    else if (/^\s*([-*]|\d+\.)\s/.test(line)) paragraph = 1;
    else paragraph++;
    if (paragraph === PARAGRAPH_MAX + 1)
      problems.push(`${where}: the paragraph has more than ${PARAGRAPH_MAX} lines: divide it, or make it a list or a table`);
  }
}

function isCode(line) {
  return /^( {4}|\t)/.test(line);
}

function checkPaths(where, line) {
  const rooted = line.match(ROOTED) ?? [];
  for (const path of rooted)
    if (!BUILT.test(path) && !exists(path)) problems.push(`${where}: ${path} is not in the tree`);
  for (const [path] of line.matchAll(BY_ITS_END))
    if (!rooted.includes(path) && !paths.some((one) => one === path || one.endsWith(`/${path}`)))
      problems.push(`${where}: no file of the tree is called ${path}`);
}

function exists(path) {
  const parts = path.split('/');
  // `test/xen/SUITE/a.test.ts` stands for each of them: the folder before the word in capitals must be there.
  const example = parts.findIndex((part) => /^[A-Z]{2,}$/.test(part.replace(/\.\w+$/, '')));
  if (example > 0 && !paths.includes(path)) return paths.includes(parts.slice(0, example).join('/'));
  const pattern = new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\*+/g, '.*')}$`);
  return paths.some((one) => pattern.test(one));
}

function checkComments() {
  const start = /^\s*(?:\/\/|\/\*\*?|\*|#)\s*(?:What|Who|That)\s/;
  for (const path of paths.filter((name) => SOURCE.test(name) && statSync(join(tree, name)).isFile()))
    for (const [index, line] of readFileSync(join(tree, path), 'utf8').split('\n').entries())
      if (start.test(line)) problems.push(`${path}:${index + 1}: a comment begins with What, Who or That: name its subject`);
}
