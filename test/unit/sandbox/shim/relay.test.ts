// SPDX-License-Identifier: Apache-2.0
// A shim's reports, early ones included, reach the current owner of the sandbox. A loss is known at once.

import test from 'ava';
import { ShimRelay } from '../../../../toolstack/sandbox/shim/relay.js';
import type { ShimEvents } from '../../../../toolstack/sandbox/shim/client.js';

function listener() {
  const news: string[] = [];
  const events: ShimEvents = {
    onExit: (process) => void news.push(`exit ${process}`),
    onLost: (reason) => void news.push(`lost ${reason}`),
    onGone: () => void news.push('gone'),
  };
  return { news, events };
}

test('news that came early are told first, in order', (t) => {
  const relay = new ShimRelay();
  relay.onExit(1, { kind: 'exited', code: 0 });
  relay.onLost('domain destroyed');
  const { news, events } = listener();
  relay.passTo(events);
  relay.onGone();
  t.deepEqual(news, ['exit 1', 'lost domain destroyed', 'gone']);
});

test('a lost guest and a shim that ended abort, an exit does not', (t) => {
  const [quiet, lost, gone] = [new ShimRelay(), new ShimRelay(), new ShimRelay()];
  quiet.onExit(1, { kind: 'exited', code: 0 });
  t.false(quiet.lost.aborted);
  lost.onLost('protocol: no hello');
  t.like(lost.lost.reason, {
    code: 'ERR_GUEST_LOST',
    message: 'The guest is lost: protocol: no hello',
  });
  gone.onGone();
  t.like(gone.lost.reason, { code: 'ERR_GUEST_LOST' });
});
