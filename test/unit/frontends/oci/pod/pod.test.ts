// SPDX-License-Identifier: Apache-2.0
// Selects the domain of a container by annotations or by namespaces of a stand-in, and refuses invalid ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import {
  findJoining,
  isPodSandbox,
  podSandboxId,
} from '../../../../../toolstack/frontends/oci/pod/pod.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import type { SharedDomain } from '../../../../../toolstack/runtime/shared-domain/index.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';

const CRI = 'io.kubernetes.cri';

/** A container with a running guest and a stand-in of that pid. */
function container(id: string, pid: number, more: Partial<OciRecord> = {}): OciContainer {
  const record = {
    id,
    key: `key-${id}`,
    root: '/r',
    pid,
    state: 'running',
    guestPid: pid + 1,
    ...more,
  } as OciRecord;
  const made = new OciContainer(record, {} as OciStore, silentLog());
  made.sandbox = {} as Sandbox;
  made.domain = { isAlive: true } as SharedDomain;
  return made;
}

const shared = (pid: number, ...types: string[]) =>
  types.map((type) => ({ type, path: `/proc/${pid}/ns/${type === 'network' ? 'net' : type}` }));

/** A process in a network namespace other than the tests'. */
async function standIn(t: ExecutionContext): Promise<number> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo up; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

test('annotations of both CRI services are understood', (t) => {
  t.true(isPodSandbox({ [`${CRI}.container-type`]: 'sandbox' }));
  t.true(isPodSandbox({ [`${CRI}-o.ContainerType`]: 'sandbox' }));
  t.false(isPodSandbox({ [`${CRI}.container-type`]: 'container' }));
  const member = { [`${CRI}.container-type`]: 'container' };
  t.is(podSandboxId({ ...member, [`${CRI}.sandbox-id`]: 'p' }), 'p');
  t.is(podSandboxId({ [`${CRI}-o.ContainerType`]: 'container', [`${CRI}-o.SandboxID`]: 'q' }), 'q');
  t.is(podSandboxId({}), undefined);
  t.throws(() => podSandboxId(member), { code: 'ERR_OCI_CONFIG', message: /sandbox-id: missing/ });
});

test('a container with namespaces of its own has a domain of its own', async (t) => {
  const namespaces = [
    { type: 'network', path: '/proc/self/ns/net' },
    { type: 'pid', path: '' },
  ];
  t.is(await findJoining({ annotations: {}, namespaces }, '/r', []), undefined);
});

test('by the namespaces of a stand-in it comes into that one’s domain, also of a member’s', async (t) => {
  const first = container('first', 1001);
  const member = container('member', 1002, { inDomainOf: 'key-first' });
  const all = [container('other', 1000), first, member];
  const namespaces = [...shared(1001, 'network', 'ipc', 'uts'), ...shared(1002, 'pid')];
  const joining = await findJoining({ annotations: {}, namespaces }, '/other', all);
  t.is(joining?.owner, first);
  t.deepEqual(Object.fromEntries(joining?.joined ?? []), {
    network: '/proc/1002/ns/net',
    ipc: '/proc/1002/ns/ipc',
    uts: '/proc/1002/ns/uts',
    pid: '/proc/1003/ns/pid',
  });
});

test('a network by another path is found to be the same', async (t) => {
  const pid = await standIn(t);
  const link = `/proc/${process.pid}/root/proc/${pid}/ns/net`;
  const namespaces = [{ type: 'network', path: link }];
  const all = [container('other', process.pid), container('first', pid)];
  const joining = await findJoining({ annotations: {}, namespaces }, '/r', all);
  t.is(joining?.owner.record.id, 'first');
});

test('annotations name the pod, and its network must be meant', async (t) => {
  const annotations = { [`${CRI}.container-type`]: 'container', [`${CRI}.sandbox-id`]: 'first' };
  const all = [container('first', 1001)];
  const namespaces = [...shared(1001, 'network'), { type: 'pid', path: '' }];
  const joining = await findJoining({ annotations, namespaces }, '/r', all);
  t.is(joining?.owner.record.id, 'first');
  const own = { annotations, namespaces: [{ type: 'network', path: '' }] };
  await t.throwsAsync(findJoining(own, '/r', all), { message: /has that one's network/ });
  await t.throwsAsync(findJoining({ annotations, namespaces }, '/else', all), {
    message: /they name pod "first", and there is no such container/,
  });
});

test('what no domain has is refused', async (t) => {
  const all = [container('one', 1001), container('two', 1002)];
  const joining = (namespaces: { type: string; path: string }[]) =>
    findJoining({ annotations: {}, namespaces }, '/r', all);
  const two = [...shared(1001, 'network'), ...shared(1002, 'pid')];
  await t.throwsAsync(joining(two), { message: /"one" and "two", whose domains are two/ });
  const alone = [{ type: 'network', path: '' }, ...shared(4_000_000, 'pid')];
  await t.throwsAsync(joining(alone), { message: /pid of \/proc\/4000000\/ns\/pid: that is no/ });
  const [one] = all;
  if (one) Object.assign(one.record, { state: 'exited' });
  await t.throwsAsync(joining(shared(1001, 'network', 'ipc')), { code: 'ERR_OCI_STATE' });
});
