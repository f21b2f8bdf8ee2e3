// SPDX-License-Identifier: Apache-2.0
// The error about a silent agent says if its guest worked, waited, or was paused, and if the agent answers other requests.

import test from 'ava';
import type { AgentLink } from '../../../../toolstack/agent/agent-link.js';
import { errorCode, errorMessage } from '../../../../toolstack/base/errors.js';
import { TimeoutError } from '../../../../toolstack/base/deadline.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { diagnoseTimeout } from '../../../../toolstack/sandbox/agent/diagnose-timeout.js';
import { FakeLibxl } from '../../../support/xen/fake-xen-host.js';

const DOMID = asDomid(9);
const silence = new TimeoutError('Agent does not answer the start', 130_000, 'ERR_AGENT_TIMEOUT');

/** A domain that uses half a second of CPU between two samples, and an agent that answers with `answer`. */
function guest(state: object, answer: () => Promise<Buffer>) {
  const libxl = new FakeLibxl();
  let cpuTimeNs = 2_000_000_000n;
  libxl.domainInfo = () => Promise.resolve({ ...state, cpuTimeNs: (cpuTimeNs += 500_000_000n) } as never); // prettier-ignore
  return { host: { libxl } as never, link: { request: answer } as unknown as AgentLink };
}

test('a guest that works, and an agent that answers', async (t) => {
  const reply = Buffer.alloc(24);
  reply.writeBigUInt64LE(65536n, 0);
  const { host, link } = guest({ running: true }, () => Promise.resolve(reply));
  const error = await diagnoseTimeout(host, DOMID, link, silence, 1000);
  t.is(errorCode(error), 'ERR_AGENT_TIMEOUT');
  t.is(
    errorMessage(error),
    'Agent does not answer the start: no answer within 130 s; domain 9 is running and used 0.50 s of CPU in 1 s, 3.00 s in all; ' +
      'its agent answers other requests, and has 64 MiB of memory',
  );
});

test('one that is blocked or paused, and says nothing', async (t) => {
  const mute = () => Promise.reject(new Error('no answer within 10 s'));
  for (const [state, word] of [
    [{ blocked: true }, 'blocked'],
    [{ paused: true, blocked: true }, 'paused'],
  ] as const) {
    // prettier-ignore
    const { host, link } = guest(state, mute);
    const text = errorMessage(await diagnoseTimeout(host, DOMID, link, silence, 1));
    t.regex(text, new RegExp(`; domain 9 is ${word} and used .* does not answer other requests: no answer within 10 s$`)); // prettier-ignore
  }
});

test('a domain that is gone, and errors that are no silence', async (t) => {
  const { link } = guest({}, () => Promise.reject(new Error('closed')));
  const host = { libxl: new FakeLibxl() } as never;
  const text = errorMessage(await diagnoseTimeout(host, DOMID, link, silence, 1));
  t.regex(text, /^Agent does not answer the start: .*; .*domain.*; its agent does not answer other requests: closed$/i); // prettier-ignore
  const other = new Error('refused');
  t.is(await diagnoseTimeout(host, DOMID, link, other), other);
});
