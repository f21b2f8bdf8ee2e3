// SPDX-License-Identifier: Apache-2.0
// thaw prints the version in package.json.

import { readFile } from 'node:fs/promises';
import test from 'ava';
import { VERSION } from '../../../toolstack/base/version.js';

test('the version is that of package.json', async (t) => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  t.is(VERSION, version);
});
