// SPDX-License-Identifier: Apache-2.0
// Containers that their engine gave the same /dev/shm share that of a running container in their domain.

import test from 'ava';
import { AgentError } from '../../../../../toolstack/agent/errors.js';
import { AgentType } from '../../../../../toolstack/agent/wire.js';
import { encodeShm } from '../../../../../toolstack/agent/wire-guest.js';
import {
  ownMemory,
  shareMemory,
  sharedMemoryPath,
} from '../../../../../toolstack/frontends/oci/pod/dev-shm.js';
import type { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import type { OciRecord } from '../../../../../toolstack/frontends/oci/container/record.js';

type Other = Pick<OciContainer, 'record'>;

const other = (key: string, shm: string | undefined, state = 'running'): Other => ({
  record: { key, shm, state } as OciRecord,
});

/** A link to an agent that knows no container of the names in `gone`. */
function containerOf(gone: string[] = [], code = 'ERR_AGENT_NOENT') {
  const asked: string[] = [];
  const request = (type: number, payload: Buffer): Promise<Buffer> => {
    asked.push(payload.toString('hex'));
    if (type !== AgentType.SHM) throw new Error(`Type ${type}`);
    const isGone = gone.some((key) => payload.includes(key));
    return isGone
      ? Promise.reject(new AgentError(code as 'ERR_AGENT_NOENT', 'no'))
      : Promise.resolve(Buffer.alloc(0));
  };
  const sandbox = { agent: () => Promise.resolve({ request }) };
  const container = { record: { key: 'new', shm: '/shm/pod' }, sandbox } as unknown as OciContainer;
  return { container, asked };
}

const wish = (key: string): string => encodeShm(key, '/dev/shm', 'new').toString('hex');

test('one of the same is asked for, the next where that has ended', async (t) => {
  const { container, asked } = containerOf(['ended']);
  const others = [
    other('new', '/shm/pod'),
    other('differs', '/shm/else'),
    other('without', undefined),
    other('ended before', '/shm/pod', 'exited'),
    other('making', '/shm/pod', 'creating'),
    other('ended', '/shm/pod'),
    other('lives', '/shm/pod', 'created'),
    other('late', '/shm/pod'),
  ];
  t.true(await shareMemory(container, others));
  t.deepEqual(asked, [wish('ended'), wish('lives')]);
  t.is(sharedMemoryPath('new'), '/run/thaw/shm/new');
});

test('where nobody has it, it is its own; what cannot be shared is said', async (t) => {
  const { container, asked } = containerOf();
  t.false(await shareMemory(container, [other('differs', '/shm/else')]));
  const without = { ...container, record: { key: 'new' } as OciRecord };
  t.false(await shareMemory(without, [other('without', undefined)]));
  t.deepEqual(asked, []);
  const refusing = containerOf(['lives'], 'ERR_AGENT_MOUNT').container;
  await t.throwsAsync(shareMemory(refusing, [other('lives', '/shm/pod')]), {
    code: 'ERR_AGENT_MOUNT',
  });
});

test('one that is being started is asked again', async (t) => {
  const { container, asked } = containerOf(['lives'], 'ERR_AGENT_BUSY');
  const { sandbox } = container as unknown as { sandbox: { agent: () => Promise<unknown> } };
  const { agent } = sandbox;
  // The link is requested once; the third request is accepted.
  sandbox.agent = async () => {
    const link = (await agent()) as { request: (...words: unknown[]) => Promise<Buffer> };
    const request = (...words: unknown[]): Promise<Buffer> =>
      link.request(...words).catch((error: unknown) => {
        if (asked.length < 3) throw error;
        return Buffer.alloc(0);
      });
    return { request };
  };
  t.true(await shareMemory(container, [other('lives', '/shm/pod')]));
  t.is(asked.length, 3);
});

test('its own is as large as what dom0 has', async (t) => {
  const { options } = (await ownMemory('/dev/shm')) as { options: string[] };
  t.regex(options.join(), /^nosuid,noexec,nodev,mode=1777,size=\d+k$/);
  t.like(await ownMemory('/proc'), { destination: '/dev/shm', type: 'tmpfs' });
});
