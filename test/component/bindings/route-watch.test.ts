// SPDX-License-Identifier: Apache-2.0
// The watch reports every change in another network namespace, and none after its end. Uses namespaces of this machine.

import test, { type ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { routeWatch } from '../../../bindings/index.js';
import { until } from '../../support/within.js';

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });

function namespace(t: ExecutionContext): { name: string; path: string } {
  const name = `thaw-watch-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  ip('netns', 'add', name);
  t.teardown(() => {
    if (existsSync(`/run/netns/${name}`)) ip('netns', 'del', name);
  });
  return { name, path: `/run/netns/${name}` };
}

test('interfaces, addresses and routes that come and go are heard of', async (t) => {
  const { name, path } = namespace(t);
  let times = 0;
  const watch = await routeWatch(path, 'vif', () => times++);
  t.teardown(() => {
    watch.close();
  });
  const heard = async (...words: string[]): Promise<void> => {
    const before = times;
    ip('-n', name, ...words);
    await until(words.join(' '), () => times > before);
  };
  await heard('link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
  await heard('link', 'set', 'two', 'up');
  await heard('link', 'set', 'one', 'up');
  await heard('addr', 'add', '10.1.0.2/24', 'dev', 'one');
  await heard('route', 'add', '10.2.0.0/16', 'via', '10.1.0.1');
  await heard('-6', 'addr', 'add', 'fd01::2/64', 'dev', 'one', 'nodad');
  await heard('-6', 'route', 'add', 'fd02::/64', 'via', 'fd01::1');
  await heard('link', 'set', 'one', 'mtu', '1400');
  await heard('link', 'del', 'one');
  t.true(times >= 9);
});

test('of other namespaces, and after its end, nothing is heard', async (t) => {
  const [mine, other] = [namespace(t), namespace(t)];
  let times = 0;
  const watch = await routeWatch(mine.path, 'vif', () => times++);
  ip('-n', other.name, 'link', 'add', 'one', 'type', 'bridge');
  await delay(200);
  t.is(times, 0);
  watch.close();
  watch.close();
  ip('-n', mine.name, 'link', 'add', 'one', 'type', 'bridge');
  await delay(200);
  t.is(times, 0);
});

test('of links that are to be ignored nothing is heard, nor of what comes from an address', async (t) => {
  const { name, path } = namespace(t);
  let times = 0;
  const watch = await routeWatch(path, 'vif', () => times++);
  t.teardown(() => {
    watch.close();
  });
  ip('-n', name, 'link', 'add', 'vif7.0', 'type', 'bridge');
  ip('-n', name, 'link', 'set', 'vif7.0', 'addrgenmode', 'none');
  ip('-n', name, 'link', 'set', 'vif7.0', 'up');
  ip('-n', name, 'link', 'set', 'vif7.0', 'mtu', '1400');
  await delay(200);
  t.is(times, 0);
  ip('-n', name, 'link', 'add', 'v', 'type', 'bridge');
  await until('the other is heard of', () => times > 0);
});

test('more news than fit into a socket are one that something changed', async (t) => {
  const { name, path } = namespace(t);
  let times = 0;
  const watch = await routeWatch(path, 'vif', () => times++);
  t.teardown(() => {
    watch.close();
  });
  ip('-n', name, 'link', 'add', 'one', 'type', 'bridge');
  await until('the first is heard of', () => times > 0);
  times = 0;
  // The event loop is blocked meanwhile, so the batch must be quick: making interfaces takes seconds, and parallel waits would time out.
  const lines = Array.from({ length: 1000 }, (_, i) => `link set dev one mtu ${1400 + (i % 2)}`);
  execFileSync('ip', ['-n', name, '-batch', '-'], { input: lines.join('\n') });
  await until('it is heard', () => times > 0);
  t.true(times < 1000, 'many at once');
  await delay(100);
  const before = times;
  ip('-n', name, 'link', 'add', 'later', 'type', 'bridge');
  await until('what comes later is heard', () => times > before);
});

test('this process stays where it was, and keeps nothing of a watch that ended', async (t) => {
  const { path } = namespace(t);
  const own = readlinkSync('/proc/self/ns/net');
  const sockets = (): number => readdirSync('/proc/self/fd').length;
  const before = sockets();
  for (let i = 0; i < 50; i++) (await routeWatch(path, 'vif', () => undefined)).close();
  await until('all are closed', () => sockets() <= before);
  t.is(readlinkSync('/proc/self/ns/net'), own);
  for (const thread of readdirSync('/proc/self/task'))
    t.is(readlinkSync(`/proc/self/task/${thread}/ns/net`), own);
});

test('a path that is no namespace is refused by its name', async (t) => {
  const missing = routeWatch('/run/netns/thaw-none', 'vif', () => undefined);
  await t.throwsAsync(missing, { code: 'ERR_XEN_ENOENT', message: /thaw-none: open: ENOENT/ });
  const wrong = routeWatch('/etc/hostname', 'vif', () => undefined);
  await t.throwsAsync(wrong, { code: 'ERR_XEN_EINVAL', message: /setns/ });
  await t.throwsAsync(
    routeWatch(3 as never, 'vif', () => undefined),
    { instanceOf: TypeError },
  );
});
