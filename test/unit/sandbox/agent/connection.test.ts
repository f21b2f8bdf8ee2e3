// SPDX-License-Identifier: Apache-2.0
// All callers share one link. Requests after the end are refused, and late connections are closed.
import test from 'ava';
import type { AgentLink } from '../../../../toolstack/agent/agent-link.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { AgentSide } from '../../../../toolstack/sandbox/agent/connection.js';
import type { XenHost } from '../../../../toolstack/xen/host.js';

function fakeLink() {
  let closes = 0;
  let isClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (isClosed = resolve));
  const link = {
    closed,
    close: () => {
      closes++;
      isClosed();
    },
  } as unknown as AgentLink;
  return { link, closes: () => closes };
}

const host = {} as XenHost;

test('all ask by the link that is there, and what that says is theirs', async (t) => {
  const { link, closes } = fakeLink();
  const side = new AgentSide(host, asDomid(7), link);
  t.is(await side.link(), link);
  const asked: AgentLink[] = [];
  await side.ask((one) => Promise.resolve(void asked.push(one)));
  t.deepEqual(asked, [link]);
  t.is(closes(), 0);
});

test('its end closes the link, and says why to who waits for it', (t) => {
  const { link, closes } = fakeLink();
  const side = new AgentSide(host, asDomid(7), link);
  t.false(side.gone.aborted);
  side.end();
  t.is(closes(), 1);
  t.like(side.gone.reason, { code: 'ERR_AGENT_CLOSED' });
});
