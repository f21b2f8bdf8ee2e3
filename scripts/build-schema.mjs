#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Compiles the JSON schemas of the OCI runtime specification into dist/, as one module of validators: thawd neither reads nor compiles a
// schema at run time. It runs behind tsc (npm run build:ts).

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = 'toolstack/frontends/oci/config/schema';
const out = join(root, 'dist', folder, 'validators.js');

const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.json'));
const schemas = names.map((name) => JSON.parse(readFileSync(join(root, folder, name), 'utf8')));
const ajv = new Ajv({ schemas, allowUnionTypes: true, code: { source: true, esm: true, lines: true } });
const code = standaloneCode(ajv, {
  validateConfig: 'config.json',
  validateProcess: 'process.json',
  validateResources: 'resources.json',
});
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, code);
