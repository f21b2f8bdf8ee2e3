// SPDX-License-Identifier: Apache-2.0
// The policy file: all keys are read, and each mistake is an error that names its place.

import test from 'ava';
import { policyOf, USUAL } from '../../../support/policy/policy-of.js';

test('a file with all keys', (t) => {
  const { rules, socketGroup } = policyOf(`${USUAL}users = ["1001"]\n`);
  t.is(socketGroup, 900);
  t.is(rules.length, 3);
  t.like(rules[0], {
    effect: 'allow',
    name: 'developers',
    line: 4,
    groups: [900],
    memoryBytes: 2 ** 29,
    diskBytes: 20 * 2 ** 30,
    cpus: 2,
    containers: 3,
    startsPerMinute: 5,
    ports: [
      [8080, 8080],
      [9000, 9099],
    ],
    all: false,
  });
  t.like(rules[2], { effect: 'deny', users: [1001], line: 23 });
});

test('an empty file allows nothing and is right', (t) => {
  t.deepEqual(policyOf('').rules, []);
});

const WRONG: [string, RegExp][] = [
  ['[[allow]\n', /line 1/],
  ['x = 1', /the key x/],
  ['[allow]', /begins with \[\[allow\]\]/],
  ['[[allow]]\nimages = ["*"]', /line 1: an allow rule has users or groups/],
  ['[[allow]]\nusers = ["nobody-there"]', /no user "nobody-there".*\/etc\/passwd/],
  ['[[allow]]\ngroups = ["none"]', /no group "none".*\/etc\/group/],
  ['[[allow]]\nusers = "alice"', /users: a list/],
  ['[[allow]]\nusers = ["alice"]\nhost = 1', /the key host: name, users/],
  ['[[deny]]\nmemory = "1g"', /the key memory/],
  ['[[allow]]\nusers = ["alice"]\nmemory = 5', /memory: a size/],
  ['[[allow]]\nusers = ["alice"]\nmemory = "5x"', /memory/],
  ['[[allow]]\nusers = ["alice"]\ncpus = -1', /cpus: a number/],
  ['[[allow]]\nusers = ["alice"]\ncontainers = 1.5', /containers: a whole number/],
  ['[[allow]]\nusers = ["alice"]\nports = ["9-1"]', /ports: a list/],
  ['[[allow]]\nusers = ["alice"]\nports = [70000]', /ports: a list/],
  ['[[allow]]\nusers = ["alice"]\nverbs = ["rum"]', /verbs: "rum" is no command/],
  ['[[allow]]\nusers = ["alice"]\nverbs = ["checkpoint"]', /verbs: "checkpoint" is root's alone/],
  ['[[allow]]\nusers = ["alice"]\ndevices = ["sda"]', /devices: "sda" is no absolute path/],
  ['[[allow]]\nusers = ["alice"]\nimages = ["\\u001b[2J"]', /images: a list/],
  ['[[allow]]\nusers = ["alice"]\nsigned = "yes"', /signed: true or false/],
  ['socket_group = "none"', /socket_group: this host has no group "none"/],
];

for (const [text, message] of WRONG)
  test(`wrong: ${JSON.stringify(text)}`, (t) => {
    const error = t.throws(() => policyOf(text), { code: 'ERR_POLICY_FILE', message });
    t.regex(error?.message ?? '', /^Cannot use \/etc\/thaw\/policy.toml: /);
    t.notRegex(error?.message ?? '', /\n/);
  });

test('root may be given root-only commands', (t) => {
  t.notThrows(() => policyOf('[[allow]]\nusers = ["root"]\nverbs = ["checkpoint"]'));
});

test('a file that is too long is refused', (t) => {
  t.throws(() => policyOf(`#${'x'.repeat(2 ** 20)}`), { message: /more than 1048576 bytes/ });
  const many = '[[deny]]\n'.repeat(1001);
  t.throws(() => policyOf(many), { message: /more than 1000 rules/ });
});
