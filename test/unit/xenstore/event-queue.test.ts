// SPDX-License-Identifier: Apache-2.0
// Events queue in order and in bounded memory.

import test from 'ava';
import { EventQueue } from '../../../xenstore/event-queue.js';

function drain(queue: EventQueue): string[] {
  const paths: string[] = [];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) paths.push(path);
  return paths;
}

test('events come out in the order they came', (t) => {
  const queue = new EventQueue('/a');
  for (const path of ['/a/2', '/a/1', '/a/3']) queue.push(path);
  t.deepEqual(drain(queue), ['/a/2', '/a/1', '/a/3']);
});

test('a path that waits already waits once, and may come again once it was taken', (t) => {
  const queue = new EventQueue('/a');
  for (const path of ['/a/1', '/a/2', '/a/1']) queue.push(path);
  t.is(queue.shift(), '/a/1');
  queue.push('/a/1');
  t.deepEqual(drain(queue), ['/a/2', '/a/1']);
});

test('past the limit all that waits becomes one event for the watched path', (t) => {
  const queue = new EventQueue('/a', 10);
  for (let i = 0; i < 11; i++) queue.push(`/a/${i}`);
  queue.push('/a/late');
  t.deepEqual(drain(queue), ['/a', '/a/late']);
});
