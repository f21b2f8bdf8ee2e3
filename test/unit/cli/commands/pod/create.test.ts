// SPDX-License-Identifier: Apache-2.0

import test from 'ava';
import { share } from '../../../../../toolstack/cli/commands/pod/create.js';
import { commandLine as line } from '../../../../support/cli/command-line.js';

test('what is shared is podman’s default, more, or what is named', (t) => {
  t.deepEqual(share(undefined), ['ipc', 'net', 'uts']);
  t.deepEqual(share('+pid'), ['ipc', 'net', 'pid', 'uts']);
  t.deepEqual(share('net'), ['net']);
  t.throws(() => share('pid'), { message: /net must be among them/ });
  t.throws(() => share('cgroup'), { message: /Cannot use --share cgroup: ipc, net, pid, uts/ });
});

test('a pod is made of what is said, and named once', async (t) => {
  const { calls, out } = await line('pod create --share +pid -m 1g -p 8080:80 --label a=b shop');
  t.is(out, `${'ef'.repeat(32)}\n`);
  t.like(calls[0]?.[1], { name: 'shop', memoryBytes: 2 ** 30, labels: { a: 'b' } });
  t.is((await line('pod create --name a b')).status, 2);
  t.is((await line('pod create --exit-policy never')).status, 2);
});

test('a container in a pod cannot have for itself what is the pod’s', async (t) => {
  for (const words of ['-p 80', '--hostname h', '--dns 1.1.1.1', '--type pv', '--network none']) {
    const { status, err, calls } = await line(`run --pod shop ${words} busybox`);
    t.is(status, 2, words);
    t.regex(err, /Cannot use --[a-z]+ with --pod shop/);
    t.deepEqual(calls, []);
  }
});

test('run --pod new:NAME makes the pod first, with the ports', async (t) => {
  const { calls } = await line('run -d --pod new:shop -p 8080:80 --hostname h busybox');
  t.like(calls[0]?.[1], { name: 'shop', hostname: 'h', publish: [{ hostPort: 8080 }] });
  t.like(calls[1]?.[1], { pod: 'ef'.repeat(32) });
  t.is((calls[1]?.[1] as { publish?: unknown }).publish, undefined);
});
