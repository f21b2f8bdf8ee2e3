// SPDX-License-Identifier: Apache-2.0
// Walks the matrix of docs/networks.md on a real kernel: guests, dom0 and another host are network namespaces, and the bridges, settings and packet
// rules are those of thaw.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { SYSTEM_PATH } from '../../support/network/system-path.js';
import type { Report } from '../../support/network/walls-main.js';

const MAIN = fileURLToPath(new URL('../../support/network/walls-main.js', import.meta.url));
/** Namespaces of its own for networks, for /sys, which shows them, and for /run, where ip(8) keeps their names. */
const SCRIPT = 'mount -t sysfs none /sys && mount -t tmpfs none /run && exec "$0" "$1" "$2"';

const run = promisify(execFile);

/** `filtersBridges` as on a host on which Docker runs (br_netfilter). */
async function walk(filtersBridges: boolean): Promise<Report> {
  const words = ['--net', '--mount', 'sh', '-c', SCRIPT, process.execPath, MAIN];
  const { stdout } = await run('unshare', [...words, filtersBridges ? '1' : '0'], {
    timeout: 170_000,
    env: SYSTEM_PATH,
  });
  return JSON.parse(stdout) as Report;
}

/** linux/if.h */
const IFF_UP = 1;

/** The pairs that reach each other; all others must not. */
const OPEN = [
  ...['a1', 'a2', 'b1', 'c1', 'i1'].map((to) => ['dom0', to]),
  ...['dom0', 'out', 'a1', 'a2', 'b1', 'c1'].map((from) => [from, 'published port']),
  ...['a1', 'a2'].flatMap((from) => ['a1', 'a2'].map((to) => [from, to])),
  ...['b1', 'c1', 'i1'].map((name) => [name, name]),
  ...['a1', 'a2', 'b1', 'c1', 'i1'].map((from) => [from, 'name server']),
  ...['a1', 'a2', 'b1', 'c1'].map((from) => [from, 'outside']),
  ['c1', 'dom0'],
  ['dom0', 'b1 by IPv6'],
  ['b1', 'name server by IPv6'],
  ['c1', 'dom0 by IPv6'],
  ['c1', 'dom0 by its link-local address'],
].map((pair) => pair.join(' -> '));

function check(t: ExecutionContext, { outcome, routes, unplugged }: Report, open: string[]): void {
  const reached = outcome.filter(({ reached: is }) => is);
  t.deepEqual(reached.map(({ from, to }) => `${from} -> ${to}`).sort(), [...open].sort());
  t.true(outcome.length > open.length + 30, 'many more pairs were tried');
  t.is(routes.walled, '', 'dom0 takes no route from a guest that calls itself a router');
  // The advertisement itself is valid: a bridge without the walls takes it.
  t.regex(routes.open, /default via fe80::/);
  t.is(unplugged & IFF_UP, 0, 'an interface in no bridge is down');
}

test.serial('nothing is reached but what the matrix says', async (t) => {
  t.timeout(180_000);
  check(t, await walk(false), OPEN);
});

test.serial('nor where the kernel filters bridges', async (t) => {
  t.timeout(180_000);
  // Such a kernel does not send a bridged packet back by the port by which it came.
  check(
    t,
    await walk(true),
    OPEN.filter((pair) => pair !== 'a1 -> published port'),
  );
});
