// SPDX-License-Identifier: Apache-2.0
// When a step fails, and only then, acquired resources are released in reverse order.

import test from 'ava';
import { silentLog } from '../../../toolstack/base/log.js';
import { Undo } from '../../../toolstack/base/undo.js';

const log = silentLog();

test('a failure releases all, last first, and passes on', async (t) => {
  const released: string[] = [];
  const failure = new Error('third step');
  const guarded = Undo.guard(log, async (undo) => {
    undo.push('one', () => released.push('one'));
    undo.push('two', () => Promise.resolve().then(() => released.push('two')));
    return Promise.reject(failure);
  });
  t.is(await t.throwsAsync(guarded), failure);
  t.deepEqual(released, ['two', 'one']);
});

test('success releases nothing and keeps the stack for whoever holds it', async (t) => {
  const released: string[] = [];
  const undo = await Undo.guard(log, (stack) => {
    stack.push('one', () => released.push('one'));
    return Promise.resolve(stack);
  });
  t.deepEqual(released, []);
  await undo.run();
  await undo.run();
  t.deepEqual(released, ['one']);
});

test('a release that fails, or throws, does not stop the others', async (t) => {
  const released: string[] = [];
  const undo = new Undo(log);
  undo.push('one', () => released.push('one'));
  undo.push('two', () => Promise.reject(new Error('two')));
  undo.push('three', () => {
    throw new Error('three');
  });
  await undo.run();
  t.deepEqual(released, ['one']);
});

test('a disarmed stack releases nothing', async (t) => {
  const undo = new Undo(log);
  undo.push('one', () => t.fail());
  undo.disarm();
  await undo.run();
  t.pass();
});
