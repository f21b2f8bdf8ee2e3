// SPDX-License-Identifier: Apache-2.0
// The requests to the guest and to Xen, in order, for each kind of pause and resume.

import test from 'ava';
import { decodeFields } from '../../../../toolstack/base/frame.js';
import type { ContainerState } from '../../../../toolstack/api/container.js';
import { advance } from '../../../../toolstack/runtime/lifecycle/lifecycle.js';
import { pause, resume, type Pausable } from '../../../../toolstack/runtime/pause/freezer.js';
import type { ContainerSandbox } from '../../../../toolstack/sandbox/sandbox.js';

function given(state: ContainerState, isStill = false) {
  const did: string[] = [];
  let pauses = state === 'paused' ? 1 : 0;
  const request = (_type: number, payload: Buffer): Promise<Buffer> => {
    const [name, , , , freeze] = decodeFields(payload, 5).map(String);
    did.push(`${freeze === '1' ? 'freeze' : 'unfreeze'} ${name}`);
    return Promise.resolve(Buffer.alloc(0));
  };
  const sandbox = {
    domid: 7,
    agent: () => Promise.resolve({ request }),
  } as unknown as ContainerSandbox;
  const record: Pausable['record'] & { id: string } = { id: 'c1', state };
  if (isStill) record.isStill = true;
  const container: Pausable = {
    record,
    sandbox,
    update: (change) => {
      Object.assign(record, change);
      return Promise.resolve(
        void did.push(`write ${record.state}${record.isStill ? ' frozen' : ''}`),
      );
    },
    transition: (event) => {
      advance(record, event);
      return container.update({});
    },
  };
  const pausing = {
    libxl: {
      domainPause: () => Promise.resolve(void did.push(`pause ${++pauses}`)) as Promise<void>,
      domainInfo: () => Promise.resolve({ paused: pauses > 0 } as never),
      xcDomainUnpause: () => Promise.resolve(void did.push(`unpause ${--pauses}`)) as Promise<void>,
    },
    inGuest: 'web',
    refusal: () => new Error('it ended'),
  };
  return { container, sandbox, record, pausing, did };
}

const PAUSED = {
  cgroup: ['write running frozen', 'freeze web', 'write paused frozen'],
  domain: ['pause 1', 'write paused'],
  both: ['write running frozen', 'freeze web', 'pause 1', 'write paused frozen'],
};

for (const by of ['cgroup', 'domain', 'both'] as const) {
  test(`paused by ${by}`, async (t) => {
    const { container, sandbox, pausing, did } = given('running');
    await pause(container, sandbox, pausing, by);
    t.deepEqual(did, PAUSED[by]);
  });

  test(`one that ends while it is paused by ${by} stays ended`, async (t) => {
    const { container, sandbox, record, pausing } = given('running');
    const ends = (): void => {
      advance(record, 'exit');
    };
    if (by === 'domain') pausing.libxl.domainPause = () => Promise.resolve(ends());
    else sandbox.agent = () => Promise.resolve({ request: () => Promise.resolve(ends()) } as never);
    await t.throwsAsync(pause(container, sandbox, pausing, by), { message: 'it ended' });
    t.is(record.state, 'exited');
  });
}

test('what goes on: the domain, its processes, or both', async (t) => {
  const ways = [
    { domain: true, processes: true, did: ['unpause 0', 'unfreeze web', 'write running'] },
    { domain: true, processes: false, did: ['unpause 0', 'write running'] },
    { domain: false, processes: true, did: ['unfreeze web', 'write running'] },
  ];
  for (const { did: expected, ...parts } of ways) {
    const { container, sandbox, record, pausing, did } = given('paused', true);
    await resume(container, sandbox, pausing, parts);
    t.deepEqual(did, expected);
    t.deepEqual(record as object, { id: 'c1', state: 'running' });
  }
});

test('a start in a new sandbox meanwhile is another container’s', async (t) => {
  const { container, sandbox, pausing } = given('running');
  pausing.libxl.domainPause = () => Promise.resolve(void (container.sandbox = undefined));
  await t.throwsAsync(pause(container, sandbox, pausing, 'domain'), { message: 'it ended' });
});
