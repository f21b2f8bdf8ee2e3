// SPDX-License-Identifier: Apache-2.0
// Runs the two services of docs/engines.md: a web server that asks a database by its name, over a network of the container engine's.

import type { ExecutionContext } from 'ava';
import { outcome } from './bundle.js';
import { until } from '../dom0/thaw.js';

const PORT = 18083;

/** `engine` is the command, `image` an image of scripts/build-test-images. `options` make the services run in domains. */
export async function tryShop(
  t: ExecutionContext,
  engine: readonly string[],
  { image, options }: { image: string; options: readonly string[] },
): Promise<void> {
  const ok = async (...words: string[]): Promise<void> => {
    const { status, stderr } = await outcome([...engine, ...words]);
    t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  };
  t.teardown(async () => {
    await outcome([...engine, 'rm', '-f', 'web', 'db']);
    await outcome([...engine, 'volume', 'rm', 'shop']);
    await outcome([...engine, 'network', 'rm', 'shop']);
  });
  await ok('network', 'create', 'shop');
  const run = ['run', '-d', '--network', 'shop', '--memory', '64m', ...options];
  const keep = ['--protected-mode', 'no', '--save', '', '--dir', '/data', '--appendonly', 'yes'];
  await ok(...run, '--name', 'db', '-v', 'shop:/data', image, 'redis-server', ...keep);
  const serve = ['mini_httpd', '-D', '-u', 'root', '-p', '80', '-d', '/www', '-c', 'cgi-bin/*'];
  await ok(...run, '--name', 'web', '-p', `${PORT}:80`, image, ...serve);
  const visits = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${PORT}/cgi-bin/visits`).catch(() => undefined);
    return (await answer?.text())?.trim() ?? '';
  };
  let count = '';
  const first = (what: string) => until(what, async () => /^\d+$/.test((count = await visits())));
  await first('both are up');
  t.is(count, '1');
  t.is(await visits(), '2');
  await ok('restart', '-t', '10', 'db');
  await first('the database is back');
  t.is(count, '3', 'what it had written is there, and its name is found again');
}
