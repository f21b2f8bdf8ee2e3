// SPDX-License-Identifier: Apache-2.0
// Reasons to refuse a copy of a running container, with messages that name it, and the record of the copy's container.

import test from 'ava';
import { AgentError } from '../../../../toolstack/agent/errors.js';
import { closeFd } from '../../../../toolstack/clone/template/memfd.js';
import type { CreateOptions } from '../../../../toolstack/api/engine.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { copyContainer, recordOfCopy } from '../../../../toolstack/runtime/snapshot/snapshot.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { copiedSandbox } from '../../../support/runtime/copied-sandbox.js';

const never = new AbortController().signal;

async function running(t: Parameters<typeof copiedSandbox>[0], hold?: Error) {
  const all = await copiedSandbox(t, hold ? { hold } : {});
  const container = new Container(all.record, all.records, all.services.log);
  container.sandbox = all.sandbox;
  return { ...all, container };
}

test('a container is copied, and its domain watched anew', async (t) => {
  const { services, container } = await running(t);
  let watched = 0;
  container.watchAgain = () => watched++;
  const { fd } = await copyContainer(services, container, 'clone', never);
  closeFd(fd);
  t.is(watched, 1);
});

test('what the agent refuses is said of the container, with what to do', async (t) => {
  const cases = [
    [
      'TCP',
      '2 TCP connections are open',
      'ERR_CLONE_TCP',
      /"web": 2 TCP connections are open; .*close them/,
    ],
    ['STREAMS', 'Its stdin is open', 'ERR_CLONE_STREAMS', /"web": its stdin is open; .*without -t/],
    [
      'VOLUME',
      'A volume is mounted on /data',
      'ERR_CLONE_VOLUME',
      /"web": a volume is mounted on \/data; .*without it/,
    ],
    ['BUSY', 'Another process runs', 'ERR_CLONE_BUSY', /"web": another process runs; wait/],
  ] as const;
  for (const [fault, text, code, message] of cases) {
    const refusal = new AgentError(`ERR_AGENT_${fault}`, `Agent refused to hold it: ${text}`);
    const { services, container } = await running(t, refusal);
    await t.throwsAsync(copyContainer(services, container, 'clone', never), { code, message });
  }
  const other = new AgentError('ERR_AGENT_TIMEOUT', 'late');
  const { services, container } = await running(t, other);
  t.is(await t.throwsAsync(copyContainer(services, container, 'freeze', never)), other);
});

test('one that does not run, or ends meanwhile, is refused for that', async (t) => {
  const ended = await running(t);
  Object.assign(ended.record, { state: 'exited' });
  const code = 'ERR_CONTAINER_STATE';
  await t.throwsAsync(copyContainer(ended.services, ended.container, 'clone', never), {
    code,
    message: /Cannot clone container "web": it is exited/,
  });
  const dying = await running(t, new Error('gone'));
  dying.container.lose('killed');
  Object.assign(dying.record, { state: 'lost' });
  await t.throwsAsync(copyContainer(dying.services, dying.container, 'freeze', never), { code });
});

test('two copies come one after the other', async (t) => {
  const { services, container, log } = await running(t);
  const both = [1, 2].map(() => copyContainer(services, container, 'clone', never));
  await Promise.race(both);
  t.is(log.filter((step) => step === 'hold').length, 1);
  for (const result of await Promise.allSettled(both))
    if (result.status === 'fulfilled') closeFd(result.value.fd);
});

test('a copy has names and numbers of its own, and the rest of what was copied', async (t) => {
  const { services } = await running(t);
  const env = ['A=1', 'HOSTNAME=host'];
  const user = { uid: 0, gid: 0, additionalGids: [] };
  const source = containerRecord({
    flags: 1,
    rm: true,
    process: { args: ['sh'], env, cwd: '/', user },
  });
  const copy = await recordOfCopy(services.sandbox, source, { name: 'twin', rm: false });
  const { sandbox } = copy;
  t.like(copy, { name: 'twin', rm: false, flags: 0, state: 'creating', inGuest: source.inGuest });
  t.deepEqual(copy.process?.env, ['A=1', `HOSTNAME=${sandbox.hostname}`]);
  for (const key of ['id', 'uuid', 'mac', 'machineId', 'hostname', 'name'] as const)
    t.not(sandbox[key], source.sandbox[key], key);
  t.deepEqual([sandbox.layers, sandbox.inMemory], [source.sandbox.layers, false]);
  t.is(sandbox.memoryKib, source.sandbox.memoryKib);
  source.sandbox.inMemory = true;
  const inMemory = await recordOfCopy(services.sandbox, source, { name: 'b', rm: true });
  t.deepEqual(inMemory.sandbox.layers, []);
});

test('thaw exec may do in a copy what it may do in what was copied, and in a copy of that', async (t) => {
  const { services } = await running(t);
  const options = { capDrop: ['ALL'], noNewPrivileges: true, readOnly: true } as CreateOptions;
  const source = containerRecord({ options });
  const copy = await recordOfCopy(services.sandbox, source, { name: 'twin', rm: false });
  t.deepEqual(copy.limits, { capDrop: ['ALL'], noNewPrivileges: true });
  const again = await recordOfCopy(services.sandbox, copy, { name: 'third', rm: false });
  t.deepEqual(again.limits, copy.limits);
});
