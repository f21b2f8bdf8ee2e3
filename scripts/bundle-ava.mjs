#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Puts what AVA loads into a few files, for the lab's dom0: its some 300 modules, found and read one by one, cost an emulated CPU half a
// minute each time. `scripts/bundle-ava.mjs ROOT` changes the copy of AVA in ROOT/node_modules. Run it with ROOT for a working folder.

import { build } from 'esbuild';
import { readFileSync, renameSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [root] = process.argv.slice(2);
if (root === undefined) {
  console.error('usage: scripts/bundle-ava.mjs ROOT');
  process.exit(2);
}
const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));
const out = resolve(root, 'node_modules/ava');

/** Where a module thinks it is: where it was. */
const inPlace = {
  name: 'in-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.m?js$/ }, ({ path }) => {
      const place = join('node_modules', relative(modules, path));
      const url = `new URL(${JSON.stringify(place)}, 'file://' + process.cwd() + '/').href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url) };
    });
  },
};

await build({
  // The command, what tests import, and the process that runs them: one copy of what these share.
  entryPoints: ['entrypoints/cli.mjs', 'entrypoints/main.mjs', 'lib/worker/base.js'].map((name) => join(modules, 'ava', name)),
  outbase: join(modules, 'ava'),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[hash]',
  ...{ bundle: true, splitting: true, allowOverwrite: true, minifyWhitespace: true },
  ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' },
  // CommonJS packages need it.
  banner: { js: "import { createRequire as ownRequire } from 'node:module';const require = ownRequire(import.meta.url);" },
  plugins: [inPlace],
  // AVA's watch mode alone needs it.
  external: ['@vercel/nft'],
});
renameSync(join(out, 'lib/worker/base.mjs'), join(out, 'lib/worker/base.js'));
