// SPDX-License-Identifier: Apache-2.0
// The verifier of the kernel configuration detects each way in which Kconfig can ignore a request.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { files, kernels, run } from '../support.js';

const verify = (...names: string[]) => run('linux/verify-config', ...names);

test('accepts a configuration that has every symbol as asked', (t) => {
  const at = files(t, {
    'a.config': '# why\nCONFIG_XEN=y\nCONFIG_PCI=n\n',
    'b.config': 'CONFIG_HZ=100\nCONFIG_NAME="a b"\n',
    final: 'CONFIG_XEN=y\n# CONFIG_PCI is not set\nCONFIG_HZ=100\nCONFIG_NAME="a b"\n',
  });
  const outcome = verify(at('a.config'), at('b.config'), at('final'));
  t.is(outcome.stdout.toString(), '');
  t.is(outcome.status, 0);
});

test('names the symbol and the fragment when a requested symbol is missing', (t) => {
  const at = files(t, { 'a.config': 'CONFIG_XEN_PVH=y\n', final: 'CONFIG_XEN=y\n' });
  const outcome = verify(at('a.config'), at('final'));
  t.is(outcome.stdout.toString(), 'CONFIG_XEN_PVH: a.config asks for y, the configuration has n\n');
  t.is(outcome.status, 1);
});

test('refuses a symbol that is on although off was asked, and one with another value', (t) => {
  const at = files(t, {
    'a.config': 'CONFIG_PCI=n\nCONFIG_PHYSICAL_START=0x200000\n',
    final: 'CONFIG_PCI=y\nCONFIG_PHYSICAL_START=0x1000000\n',
  });
  const outcome = verify(at('a.config'), at('final'));
  t.is(outcome.stdout.toString().trim().split('\n').length, 2);
  t.is(outcome.status, 1);
});

test('refuses fragments that ask for different values', (t) => {
  const at = files(t, {
    'a.config': 'CONFIG_XEN=y\n',
    'b.config': 'CONFIG_XEN=n\n',
    final: 'CONFIG_XEN=y\n',
  });
  const outcome = verify(at('a.config'), at('b.config'), at('final'));
  t.is(outcome.stdout.toString(), 'CONFIG_XEN: a.config asks for y, b.config for n\n');
  t.is(outcome.status, 1);
});

test('refuses fragments without a symbol and a call without a configuration', (t) => {
  const at = files(t, { 'a.config': '# nothing\n', final: 'CONFIG_XEN=y\n' });
  t.is(verify(at('a.config'), at('final')).status, 1);
  t.is(verify(at('a.config')).status, 2);
});

test('each group of symbols in the fragments stands under a reason', (t) => {
  const folder = path.join(kernels, 'linux');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.config'))) {
    const groups = readFileSync(path.join(folder, name), 'utf8').split(/\n\n+/);
    for (const group of groups.slice(1).filter((text) => text.includes('CONFIG_')))
      if (name !== 'network.config' || !group.startsWith('CONFIG_NET=y')) t.regex(group, /^# /);
  }
});
