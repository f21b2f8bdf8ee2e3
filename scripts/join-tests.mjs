#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Puts compiled test files with all that they import into few files, each of which AVA runs in one process: starting one for each costs
// more than most of them take. `scripts/join-tests.mjs OUT PARTS PATH...` takes test files, and folders for all test files below them,
// and writes OUT-1.test.js to OUT-PARTS.test.js. What fuzzes takes its own time and is run as it is.

import { build } from 'esbuild';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [out, count, ...paths] = process.argv.slice(2);
const parts = Number(count);
if (!(parts > 0) || paths.length === 0) {
  console.error('usage: scripts/join-tests.mjs OUT PARTS PATH...');
  process.exit(2);
}
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const scope = `${dist}test/support/joined.js`;

const files = paths.flatMap((path) =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true })
        .filter((name) => name.endsWith('.test.js') && !name.endsWith('-fuzz.test.js'))
        .sort((a, b) => a.localeCompare(b, 'en'))
        .map((name) => resolve(path, name))
    : [resolve(path)],
);

/** As AVA names a file in titles. */
const nameOf = (file) => relative(`${dist}test`, file).replace(/\.test\.js$/, '').replaceAll('/', ' › ');

/** Which declares tests or hooks. One that is no test file itself is there once for each test file that imports it. */
const isTestModule = (file) =>
  file.startsWith(dist) && file.includes('/test/') && file !== scope && /^import test\b.* from 'ava';$/m.test(readFileSync(file, 'utf8'));

/** Where a module thinks it is: where it was, seen from the file that is made. */
function inPlace(file) {
  const place = `new URL(${JSON.stringify(relative(dirname(resolve(out)), file))}, import.meta.url)`;
  return readFileSync(file, 'utf8')
    .replaceAll('import.meta.url', `${place}.href`)
    .replaceAll('import.meta.dirname', `${place}.pathname.replace(/\\/[^/]*$/, '')`);
}

const joinPlugin = {
  name: 'join',
  setup(build) {
    build.onResolve({ filter: /^ava$/ }, ({ importer, pluginData }) =>
      pluginData === undefined || importer === scope
        ? { path: 'ava', external: true }
        : { path: pluginData.file, namespace: 'test', pluginData },
    );
    build.onLoad({ filter: /.*/, namespace: 'test' }, ({ pluginData: { file } }) => ({
      contents: `import { joined } from ${JSON.stringify(scope)};\nexport default joined(${JSON.stringify(nameOf(file))});`,
      resolveDir: dist,
    }));
    build.onResolve({ filter: /^\.{0,2}\// }, ({ path, resolveDir, pluginData, namespace }) => {
      const file = resolve(resolveDir, path);
      if (!isTestModule(file)) return undefined;
      if (files.includes(file)) return { path: file, pluginData: { file } };
      return pluginData === undefined || namespace === 'test' ? undefined : { path: file, suffix: `?${pluginData.file}`, pluginData };
    });
    build.onLoad({ filter: /\.js$/, namespace: 'file' }, ({ path, pluginData }) =>
      path.startsWith(dist) ? { contents: inPlace(path), loader: 'js', pluginData } : undefined,
    );
  },
};

async function joinPart(part) {
  const mine = files.filter((_, index) => index % parts === part);
  await build({
    stdin: {
      contents: [
        ...mine.map((file) => `import ${JSON.stringify(file)};`),
        `import { allJoined } from ${JSON.stringify(scope)};`,
        'allJoined();',
      ].join('\n'),
      resolveDir: dist,
      sourcefile: 'joined.js',
    },
    outfile: `${out}-${part + 1}.test.js`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    // Packages in CommonJS ask for node's own modules by require(), which a module does not have.
    banner: { js: "import { createRequire as joinedRequire } from 'node:module';\nconst require = joinedRequire(import.meta.url);" },
    plugins: [joinPlugin],
    logLevel: 'warning',
  });
}

for (let part = 0; part < parts; part++) if (part < files.length) await joinPart(part);
