// SPDX-License-Identifier: Apache-2.0
// No id of an additional process is assigned twice, and its waiters are released.

import test from 'ava';
import { Execs, INIT_PROCESS } from '../../../../toolstack/sandbox/shim/execs.js';

test('ids begin after the first process and after what an earlier thawd gave', (t) => {
  const execs = new Execs();
  t.is(execs.add().id, INIT_PROCESS + 1);
  execs.adopt(9);
  execs.adopt(4);
  t.is(execs.add().id, 10);
});

test('an end is heard by who waits for it alone', async (t) => {
  const execs = new Execs();
  const [a, b] = [execs.add(), execs.add()];
  let isOver = false;
  void b.ended.then(() => (isOver = true));
  execs.end(a.id, { kind: 'exited', code: 3 });
  execs.end(a.id);
  execs.end(77);
  t.deepEqual(await a.ended, { kind: 'exited', code: 3 });
  t.false(isOver);
  execs.endAll();
  t.is(await b.ended, undefined);
  t.true(isOver);
});

test('draining waits for all of them, but not for ever', async (t) => {
  const execs = new Execs();
  await execs.drain(60_000);
  const { id, ended } = execs.add();
  setTimeout(() => execs.end(id), 5);
  await execs.drain(60_000);
  await ended;
  const stuck = execs.add();
  await execs.drain(5);
  await stuck.ended;
  t.pass();
});

test('in a pod’s domain ids stay in the container’s range, over and over', (t) => {
  const execs = new Execs();
  const first = 3 * 2 ** 20 + 1;
  execs.beginAt(first);
  const last = 4 * 2 ** 20 - 1;
  execs.adopt(last - 1);
  t.is(execs.add().id, last);
  t.is(execs.add().id, first + 1);
  execs.end(last);
  t.is(execs.first, first);
});
