// SPDX-License-Identifier: Apache-2.0
// A checkpoint and its template are lent to one restore, and given up however it ends.

import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Template } from '../../../../toolstack/clone/template/template.js';
import {
  withCheckpoint,
  withTemplate,
} from '../../../../toolstack/runtime/snapshot/lend-checkpoint.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';

test('a template is forgotten and its memory closed, also when its use fails', async (t) => {
  for (const isFailing of [false, true]) {
    const forgotten: unknown[] = [];
    // SAFETY: the two parts that lending a template uses.
    const services = {
      engine: { forget: (one: Template) => Promise.resolve(forgotten.push(one)) },
    } as unknown as SandboxServices;
    const template = { fd: openSync('/dev/null', 'r') } as Template;
    const used = withTemplate(services, template, (lent) => {
      t.is(lent, template);
      return isFailing ? Promise.reject(new Error('no')) : Promise.resolve(7);
    });
    if (isFailing) await t.throwsAsync(used, { message: 'no' });
    else t.is(await used, 7);
    t.deepEqual(forgotten, [template]);
    t.throws(() => closeSync(template.fd), { code: 'EBADF' });
  }
});

test('a file that is no checkpoint is refused by its name, and never lent', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'load-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const path = join(dir, 'file');
  await writeFile(path, 'no checkpoint\n');
  const lending = withCheckpoint({} as SandboxServices, path, 'called so', () => {
    t.fail();
    return Promise.resolve();
  });
  await t.throwsAsync(lending, { code: 'ERR_CHECKPOINT_FILE', message: /called so/ });
});
