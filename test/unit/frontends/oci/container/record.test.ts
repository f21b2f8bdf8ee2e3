// SPDX-License-Identifier: Apache-2.0
// state.json has the words of the runtime specification, and each is read back as a state of the lifecycle.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ContainerState } from '../../../../../toolstack/api/container.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import {
  OciStore,
  type OciRecord,
} from '../../../../../toolstack/frontends/oci/container/record.js';

async function given(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-oci-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return { folder, store: new OciStore(folder) };
}

/** For each state: the word in state.json, and the state that the next thawd reads. */
const WORDS: [ContainerState, string, ContainerState][] = [
  ['creating', 'creating', 'creating'],
  ['created', 'created', 'created'],
  ['starting', 'created', 'created'],
  ['running', 'running', 'running'],
  ['paused', 'paused', 'paused'],
  ['exited', 'stopped', 'exited'],
  ['lost', 'stopped', 'lost'],
];

test('each state is written as the word of the specification, and read back', async (t) => {
  const { folder, store } = await given(t);
  const exit = { kind: 'exited', code: 3 };
  for (const [state, word, read] of WORDS) {
    const record = { key: 'k', id: 'one', state, ...(state === 'exited' ? { exit } : {}) };
    await store.save(record as unknown as OciRecord);
    const text = await readFile(join(folder, 'k', 'state.json'), 'utf8');
    t.is((JSON.parse(text) as { state: string }).state, word);
    t.deepEqual((await store.loadAll(silentLog())) as object[], [{ ...record, state: read }]);
  }
});

test('a record that cannot be read goes', async (t) => {
  const { folder, store } = await given(t);
  await mkdir(join(folder, 'bad'));
  await writeFile(join(folder, 'bad', 'state.json'), '{');
  t.deepEqual(await store.loadAll(silentLog()), []);
  t.deepEqual(await readdir(folder), []);
});
