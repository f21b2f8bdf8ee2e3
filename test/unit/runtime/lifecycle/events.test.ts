// SPDX-License-Identifier: Apache-2.0
// Past events are reported in order, then new ones, until the reader stops.

import test from 'ava';
import type { ThawEvent } from '../../../../toolstack/api/engine.js';
import { Events } from '../../../../toolstack/runtime/lifecycle/events.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

const record = containerRecord({ exit: { kind: 'exited', code: 3 } });

function listener() {
  const heard: ThawEvent[] = [];
  return { heard, tell: (event: ThawEvent) => void heard.push(event) };
}

test('what was is kept, and an end has its status', async (t) => {
  const events = new Events();
  events.tell('start', record);
  events.tell('died', record);
  const { heard, tell } = listener();
  await events.follow({ follow: false, tell }, new AbortController().signal);
  t.like(heard, [
    { action: 'start', name: 'web' },
    { action: 'died', exitStatus: 3 },
  ]);
  t.false('exitStatus' in (heard[0] ?? {}));
  const later = listener();
  await events.follow(
    { follow: false, since: Date.now() + 1000, tell: later.tell },
    new AbortController().signal,
  );
  t.deepEqual(later.heard, []);
});

test('what comes is told until the client goes, or the time is over', async (t) => {
  const events = new Events();
  events.tell('create', record);
  const gone = new AbortController();
  const { heard, tell } = listener();
  const following = events.follow({ follow: true, tell }, gone.signal);
  events.tell('start', record);
  gone.abort();
  await following;
  events.tell('died', record);
  t.deepEqual(
    heard.map(({ action }) => action),
    ['start'],
  );
  await events.follow({ follow: true, until: Date.now() + 20, tell }, new AbortController().signal);
  t.is(heard.length, 1);
});

test('only so much is kept', async (t) => {
  const events = new Events();
  for (let i = 0; i < 10_500; i++) events.tell('start', record);
  const { heard, tell } = listener();
  await events.follow({ follow: false, tell }, new AbortController().signal);
  t.true(heard.length >= 9000 && heard.length <= 10_000);
});
