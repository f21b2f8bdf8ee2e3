// SPDX-License-Identifier: Apache-2.0
// Checks that imports between folders go the one way that each folder's DEPS.list allows, and that npm packages are declared.

import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tops = ['toolstack', 'bindings', 'xenstore'];
const packages = new Set(Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies));
const problems = [];

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'build' && entry.name !== 'node_modules') yield* sources(path);
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts')) yield path;
  }
}

/** The nearest folder upwards that has a DEPS.list: the unit that rules apply to. */
function unitOf(path) {
  for (let at = dirname(path); at.startsWith(root) && at !== root; at = dirname(at)) {
    if (existsSync(join(at, 'DEPS.list'))) return relative(root, at);
  }
  return undefined;
}

function allowedFrom(unit) {
  const lines = readFileSync(join(root, unit, 'DEPS.list'), 'utf8').split('\n');
  return new Set(lines.map((line) => line.replace(/#.*/, '').trim()).filter(Boolean));
}

for (const top of tops) {
  for (const file of sources(join(root, top))) {
    const unit = unitOf(file);
    const name = relative(root, file);
    if (unit === undefined) {
      problems.push(`${name}: no DEPS.list in its folder or above`);
      continue;
    }
    const allowed = allowedFrom(unit);
    const text = readFileSync(file, 'utf8');
    for (const [, spec] of text.matchAll(/(?<!['"])\b(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      if (spec.startsWith('node:')) continue;
      if (!spec.startsWith('.')) {
        const pkg = spec.split('/').slice(0, spec.startsWith('@') ? 2 : 1).join('/');
        if (!packages.has(pkg)) problems.push(`${name}: imports the package ${pkg}, which package.json does not declare`);
        continue;
      }
      const target = unitOf(normalize(join(dirname(file), spec)));
      if (target !== unit && !allowed.has(target)) {
        problems.push(`${name}: may not import from ${target ?? spec} (see ${unit}/DEPS.list)`);
      }
    }
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
