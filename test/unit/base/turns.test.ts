// SPDX-License-Identifier: Apache-2.0
// Turns are limited in number, granted in order, and passed on when their holder gives up or fails.
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Turns } from '../../../toolstack/base/turns.js';

function works(turns: Turns) {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const start = (name: string, signal?: AbortSignal): Promise<void> =>
    turns.run(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.set(name, { resolve, reject }));
    }, signal);
  return { begun, start, end: (name: string) => ends.get(name) };
}

test('two at once, the others in the order they came', async (t) => {
  const { begun, start, end } = works(new Turns(2));
  const all = ['a', 'b', 'c', 'd'].map((name) => start(name));
  await turn();
  t.deepEqual(begun, ['a', 'b']);
  end('b')?.resolve();
  await all[1];
  await turn();
  t.deepEqual(begun, ['a', 'b', 'c']);
  end('a')?.reject(new Error('no'));
  await t.throwsAsync(all[0] ?? Promise.resolve(), { message: 'no' });
  await turn();
  t.deepEqual(begun, ['a', 'b', 'c', 'd']);
});

test('who gives up before its turn takes none', async (t) => {
  const { begun, start, end } = works(new Turns(1));
  const first = start('a');
  const stop = new AbortController();
  const second = start('b', stop.signal);
  const third = start('c', new AbortController().signal);
  await turn();
  stop.abort(new Error('gone'));
  await t.throwsAsync(second, { message: 'gone' });
  await t.throwsAsync(start('d', stop.signal), { message: 'gone' });
  end('a')?.resolve();
  await first;
  await turn();
  t.deepEqual(begun, ['a', 'c']);
  end('c')?.resolve();
  await third;
  const last = start('e');
  await turn();
  end('e')?.resolve();
  await last;
  t.deepEqual(begun, ['a', 'c', 'e']);
});

test('who gives up in the moment its turn comes takes nobody else’s place', async (t) => {
  const turns = new Turns(1);
  const { begun, start, end } = works(turns);
  const stop = new AbortController();
  let finish: () => void = () => undefined;
  const work = new Promise<void>((resolve) => (finish = resolve));
  const first = turns.run(() => work);
  const [second, third] = [start('b', stop.signal), start('c')];
  await turn();
  // This runs after the holder passes the turn on, and before the next waiter gets it.
  void work.then(() => stop.abort(new Error('gone')));
  finish();
  await first;
  await turn();
  end('b')?.resolve();
  await second;
  await turn();
  t.deepEqual(begun, ['b', 'c']);
  end('c')?.resolve();
  await third;
});
