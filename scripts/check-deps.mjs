// SPDX-License-Identifier: Apache-2.0
// Checks which file may name which: imports of TypeScript, includes of C and C++. A folder with a DEPS.list is a room;
// CONTRIBUTING.md has the list's format. THAW_ROOT names another tree than the script's own.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.env['THAW_ROOT'] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
/** Folders whose files must have a room. */
const TYPESCRIPT = ['toolstack', 'bindings', 'xenstore'];
const C = ['kernels/agent', 'toolstack', 'bindings'];
/** Programs of their own, without rooms. */
const WITHOUT_ROOMS = ['bench'];

const problems = [];
const problem = (text) => problems.push(text);

const files = new Set();
for (const top of new Set([...TYPESCRIPT, ...C, ...WITHOUT_ROOMS])) collect(top);
const rooms = new Map();
const imports = new Map(
  [...files].map((file) => [file, isC(file) ? includesOf(file) : importsOf(file)]),
);

for (const [file, targets] of imports) checkRooms(file, targets);
checkCycles(new Map([...imports].filter(([file]) => !isC(file))), 'import each other');
checkCycles(new Map([...imports].filter(([file]) => isC(file))), 'include each other');
checkCycles(modulesOf(), 'are modules that include each other');
checkLists();

for (const text of new Set(problems)) console.error(text);
process.exitCode = problems.length > 0 ? 1 : 0;

function isC(file) {
  return /\.(c|h|cpp|hpp)$/.test(file);
}

function collect(folder) {
  if (!existsSync(join(root, folder))) return;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) {
      const isTypeScript = entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts');
      if (isTypeScript || (isC(path) && C.some((top) => path.startsWith(`${top}/`))))
        files.add(path);
    } else if (entry.name !== 'build' && entry.name !== 'node_modules') collect(path);
  }
}

/** Paths of the tree that a TypeScript file imports, for their values or types alone. */
function importsOf(file) {
  const targets = new Set();
  for (const [, spec] of read(file).matchAll(/(?<!['"])\b(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (spec.startsWith('node:')) continue;
    if (spec.startsWith('.'))
      targets.add(normalize(join(dirname(file), spec)).replace(/\.js$/, '.ts'));
    else checkPackage(file, spec);
  }
  return targets;
}

function checkPackage(file, spec) {
  const name = spec
    .split('/')
    .slice(0, spec.startsWith('@') ? 2 : 1)
    .join('/');
  const { dependencies = {}, devDependencies = {} } = JSON.parse(read('package.json'));
  const declared = roomOf(file) ? dependencies : { ...dependencies, ...devDependencies };
  if (!(name in declared))
    problem(`${file}: imports the package ${name}, which package.json does not declare`);
}

/** Paths that a C file includes with quotes: from its own folder, else the nearest folder above that has the path. */
function includesOf(file) {
  const targets = new Set();
  for (const [, path] of read(file).matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm)) {
    let folder = dirname(file);
    while (folder !== '.' && !existsSync(join(root, folder, path))) folder = dirname(folder);
    const target = normalize(join(folder, path));
    if (existsSync(join(root, target))) targets.add(target);
    else problem(`${file}: includes ${path}, which is in no folder above it`);
  }
  return targets;
}

function read(file) {
  return readFileSync(join(root, file), 'utf8');
}

/** The room of a file: the nearest folder upwards that has a DEPS.list. */
function roomOf(file) {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    if (!rooms.has(folder))
      rooms.set(folder, existsSync(join(root, folder, 'DEPS.list')) ? roomIn(folder) : undefined);
    const room = rooms.get(folder);
    if (room) return room;
  }
  return undefined;
}

/** A line is a room or file that the room may import from, or `part: parts`: a subfolder or file and those below it. */
function roomIn(folder) {
  const room = { folder, allowed: new Set(), parts: new Map() };
  for (const line of read(`${folder}/DEPS.list`).split('\n')) {
    const [name, below] = line
      .replace(/#.*/, '')
      .split(':')
      .map((text) => text.trim());
    if (below !== undefined) room.parts.set(name, new Set(below.split(/\s+/).filter(Boolean)));
    else if (name) room.allowed.add(name);
  }
  return room;
}

/** A file's part of its room: the longest folder that a line names, or '.' for the files beside DEPS.list. */
function folderPartOf(file, { folder, parts }) {
  const path = relative(folder, file);
  for (let at = dirname(path); at !== '.'; at = dirname(at)) if (parts.has(at)) return at;
  return dirname(path) === '.' && parts.has('.') ? '.' : undefined;
}

/** The same, but the file itself where it has a line. */
function partOf(file, room) {
  const path = relative(room.folder, file);
  return room.parts.has(path) ? path : folderPartOf(file, room);
}

function checkRooms(file, targets) {
  const room = roomOf(file);
  if (!room) {
    if (!WITHOUT_ROOMS.some((top) => file.startsWith(`${top}/`)))
      problem(`${file}: no DEPS.list in its folder or above`);
    return;
  }
  const list = `${room.folder}/DEPS.list`;
  const part = partOf(file, room);
  if (room.parts.size > 0 && part === undefined)
    problem(`${file}: ${list} has no line for its folder`);
  for (const target of targets) {
    const other = roomOf(target);
    if (other !== room) {
      if (!room.allowed.has(other?.folder) && !room.allowed.has(target))
        problem(`${file}: may not import from ${other?.folder ?? target} (see ${list})`);
    } else if (part !== undefined) {
      // A file with a line of its own is also a part of its folder for all that stands above that.
      const parts = [partOf(target, room), folderPartOf(target, room)];
      if (!parts.includes(part) && !parts.some((below) => room.parts.get(part).has(below)))
        problem(
          `${file}: may not import from ${target}: ${part} is not above ${parts[0]} (see ${list})`,
        );
    }
  }
}

/**
 * C files by module: x.c and x.h are one, and x_y.c and x_y.h beside them belong to it. Modules must not include each
 * other, even where no two headers do: neither of two such modules can be understood, or tested, without the other.
 */
function modulesOf() {
  const moduleOf = (file) => {
    const path = file.replace(/\.[a-z]+$/, '');
    let module = path;
    for (let name = path; name.lastIndexOf('_') > dirname(path).length;) {
      name = name.slice(0, name.lastIndexOf('_'));
      if (['.c', '.h', '.cpp', '.hpp'].some((extension) => files.has(name + extension)))
        module = name;
    }
    return module;
  };
  const modules = new Map();
  for (const [file, targets] of imports) {
    if (!isC(file)) continue;
    const name = moduleOf(file);
    if (!modules.has(name)) modules.set(name, new Set());
    for (const target of targets)
      if (moduleOf(target) !== name) modules.get(name).add(moduleOf(target));
  }
  return modules;
}

function checkCycles(graph, what) {
  for (const cycle of cyclesOf(graph)) problem(`${cycle.sort().join(', ')}: ${what}`);
}

/** Rooms, and parts of a room, must be in an order as their lists have it, whether a file makes use of that or not. */
function checkLists() {
  const known = [...rooms.values()].filter(Boolean);
  checkCycles(
    new Map(known.map(({ folder, allowed }) => [folder, allowed])),
    'are rooms that may import from each other',
  );
  for (const { folder, parts } of known) {
    const named = new Map(
      [...parts].map(([part, below]) => [
        `${folder}/${part}`,
        new Set([...below].map((name) => `${folder}/${name}`)),
      ]),
    );
    for (const part of parts.keys())
      if (/\.[a-z]+$/.test(part))
        named
          .get(`${folder}/${folderPartOf(`${folder}/${part}`, { folder, parts })}`)
          ?.add(`${folder}/${part}`);
    checkCycles(named, 'are parts of a room that may import from each other');
    for (const name of new Set([...parts].flatMap(([part, below]) => [part, ...below])))
      if (!existsSync(join(root, folder, name)))
        problem(`${folder}/DEPS.list: there is no ${name}`);
  }
}

/** The strongly connected components of more than one node, by Tarjan's algorithm. A node's edge to itself is none. */
function cyclesOf(graph) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const cycles = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) cycles.push(component);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return cycles;
}
