// SPDX-License-Identifier: Apache-2.0
// Health checks in podman's notation.

import test from 'ava';
import { healthOptions, healthcheckRunCommand } from '../../../../toolstack/cli/options/health.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

const of = (given: Record<string, string>) => {
  const options = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, [value]]));
  return healthOptions({ options, positional: [], asksForHelp: false }).health;
};

test("a command is a shell's, a list a program's", (t) => {
  t.deepEqual(of({ 'health-cmd': 'test -f /ok' })?.command, ['/bin/sh', '-c', 'test -f /ok']);
  t.deepEqual(of({ 'health-cmd': '["CMD","a","b"]' })?.command, ['a', 'b']);
  t.deepEqual(of({ 'health-cmd': '["a"]' })?.command, ['a']);
  t.deepEqual(of({ 'health-cmd': '["CMD-SHELL","a b"]' })?.command, ['/bin/sh', '-c', 'a b']);
  t.is(of({ 'health-cmd': 'none' }), undefined);
  t.is(of({}), undefined);
});

test("times have podman's defaults", (t) => {
  t.like(of({ 'health-cmd': 'x' }), {
    intervalMs: 30_000,
    timeoutMs: 30_000,
    retries: 3,
    startPeriodMs: 0,
  });
  const given = { interval: '1m', timeout: '2s', retries: '5', 'start-period': '1m30s' };
  const options = Object.fromEntries(Object.entries(given).map(([k, v]) => [`health-${k}`, v]));
  t.like(of({ 'health-cmd': 'x', ...options }), {
    intervalMs: 60_000,
    timeoutMs: 2000,
    retries: 5,
    startPeriodMs: 90_000,
  });
  t.is(of({ 'health-cmd': 'x', 'health-interval': 'disable' })?.intervalMs, 0);
});

test('what means nothing is refused', (t) => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ 'health-cmd': ' ' }, /a command is wanted/],
    [{ 'health-cmd': '[1]' }, /a list of words/],
    [{ 'health-cmd': '[' }, /a list of words/],
    [{ 'health-cmd': 'x', 'health-interval': '10ms' }, /1s or more/],
    [{ 'health-cmd': 'x', 'health-timeout': 'soon' }, /1s or more/],
    [{ 'health-cmd': 'x', 'health-retries': '0' }, /from 1 to 1000/],
    [{ 'health-interval': '10s' }, /--health-interval without --health-cmd/],
  ];
  for (const [options, message] of wrong)
    t.throws(() => of(options), { code: 'ERR_USAGE', message });
});

test('healthcheck run says so by its status', async (t) => {
  for (const [isWell, status, said] of [
    [true, 0, ''],
    [false, 1, 'unhealthy\n'],
  ] as const) {
    const { engine } = fakeEngine({ checkHealth: () => Promise.resolve(isWell) });
    const { client, out } = fakeClient();
    const parsed = { options: {}, positional: ['web'], asksForHelp: false };
    t.is(await healthcheckRunCommand.run(parsed, client, engine), status);
    t.is(out(), said);
  }
});
