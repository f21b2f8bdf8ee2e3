#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Puts each program of dist/ with all that it imports into one file below the folder given, at the same path: node opens three files in
// place of three hundred, which is most of what thawd's start costs.

import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const [outdir] = process.argv.slice(2);
if (outdir === undefined) {
  console.error('usage: scripts/bundle.mjs DIR');
  process.exit(2);
}
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

await build({
  entryPoints: {
    'toolstack/daemon/main': `${dist}toolstack/daemon/main.js`,
    'toolstack/cli/offline': `${dist}toolstack/cli/offline.js`,
    // A worker thread's file: found beside the program that starts it.
    'toolstack/daemon/transport-xenbus-reader': `${dist}xenstore/transport-xenbus-reader.js`,
  },
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // A module that is imported only where it is needed stays in a file of its own, beside the program, since modules look for others from there.
  splitting: true,
  chunkNames: 'toolstack/daemon/[name]-[hash]',
  // Packages have tools for their developers, which take time at the start.
  define: { 'process.env.NODE_ENV': '"production"' },
  // Packages in CommonJS ask for node's own modules by require(), which a module does not have.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
