// SPDX-License-Identifier: Apache-2.0
// Decisions, row by row: who asks for what, and which rule decides.

import test from 'ava';
import type { Caller } from '../../../../toolstack/policy/rules/caller.js';
import { rightOf } from '../../../../toolstack/policy/rules/commands.js';
import { decide } from '../../../../toolstack/policy/rules/decide.js';
import type { PolicyRequest } from '../../../../toolstack/policy/rules/request.js';
import { ALICE, BOB, policyOf, ROOT, USUAL } from '../../../support/policy/policy-of.js';

const around = {
  isSigned: (image: string) => image.includes('signed'),
  recentStarts: () => 4,
  isDefaultVerb: (verb: string) => rightOf(verb) === 'default',
};
const STRANGER: Caller = { uid: 2000, gid: 2000, groups: [], pid: 9 };
const IMAGE = 'docker.io/library/debian:13';

/** Caller, request, verdict, rule, and a part of the reason. */
const ROWS: [Caller, PolicyRequest, 'allow' | 'deny', string, string][] = [
  [ROOT, { verb: 'system prune' }, 'allow', 'root', ''],
  [ROOT, { verb: 'run', images: ['x:latest'] }, 'allow', 'root', ''],
  [STRANGER, { verb: 'ps' }, 'deny', 'default', 'no rule allows'],
  [ALICE, { verb: 'ps' }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'rmi' }, 'deny', 'developers (line 4)', 'the command rmi'],
  [ALICE, { verb: 'save' }, 'deny', 'developers (line 4)', 'the command save'],
  [ALICE, { verb: 'run', images: [IMAGE] }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', images: ['quay.io/a/b:1'] }, 'deny', 'developers (line 4)', 'quay.io'],
  [
    ALICE,
    { verb: 'run', images: ['docker.io/library/a:latest'] },
    'deny',
    'no-latest (line 23)',
    'denies',
  ],
  [ALICE, { verb: 'run', networks: ['lab'] }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', networks: ['lab:spoof'] }, 'deny', 'developers (line 4)', 'lab:spoof'],
  [ALICE, { verb: 'run', capabilities: ['NET_ADMIN'] }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', capabilities: ['ALL'] }, 'deny', 'developers (line 4)', 'capability ALL'],
  [ALICE, { verb: 'run', devices: ['/dev/sda'] }, 'deny', 'developers (line 4)', '/dev/sda'],
  [ALICE, { verb: 'run', ports: [8080, 9000, 9099, 0] }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', ports: [22] }, 'deny', 'developers (line 4)', 'port 22'],
  [ALICE, { verb: 'run', memoryBytes: 2 ** 29 }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', memoryBytes: 2 ** 29 + 1 }, 'deny', 'developers (line 4)', 'memory'],
  [ALICE, { verb: 'run', cpus: 2.5 }, 'deny', 'developers (line 4)', '2 CPUs, not 2.5'],
  [ALICE, { verb: 'run', diskBytes: 2 ** 40 }, 'deny', 'developers (line 4)', 'disk'],
  [
    ALICE,
    { verb: 'run', unsizedVolumes: ['data'] },
    'deny',
    'developers (line 4)',
    'data has no size',
  ],
  [ALICE, { verb: 'run', containers: 3 }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'run', containers: 4 }, 'deny', 'developers (line 4)', '3 containers'],
  [ALICE, { verb: 'start', starts: 1 }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'start', starts: 2 }, 'deny', 'developers (line 4)', 'starts within a minute'],
  [ALICE, { verb: 'stop', owner: 1000 }, 'allow', 'developers (line 4)', ''],
  [ALICE, { verb: 'stop', owner: 0 }, 'deny', 'developers (line 4)', "another user's"],
  [ALICE, { verb: 'stop', owner: 1001 }, 'deny', 'developers (line 4)', "another user's"],
  [BOB, { verb: 'stop', owner: 1000 }, 'allow', 'operators (line 17)', ''],
  [BOB, { verb: 'rm', owner: 1001 }, 'deny', 'operators (line 17)', 'the command rm'],
];

for (const [caller, request, verdict, rule, reason] of ROWS)
  test(`user ${caller.uid}: ${JSON.stringify(request)}: ${verdict} by ${rule}`, (t) => {
    const decision = decide(policyOf(USUAL), caller, request, around);
    t.deepEqual([decision.verdict, decision.rule], [verdict, rule]);
    t.true(decision.reason.includes(reason), decision.reason);
  });

test('a rule for labels counts for containers with these labels alone', (t) => {
  const policy = policyOf(`
    [[allow]]
    users = ["alice"]
    labels = { tier = "test" }
    all = true
    images = ["*"]
    [[deny]]
    name = "frozen-tier"
    labels = { tier = "prod" }
    verbs = ["stop", "rm"]`);
  const verdict = (request: PolicyRequest) => decide(policy, ALICE, request, around);
  t.is(verdict({ verb: 'stop', owner: 5, labels: { tier: 'test', a: 'b' } }).verdict, 'allow');
  t.is(verdict({ verb: 'stop', owner: 1000, labels: {} }).verdict, 'deny');
  t.regex(verdict({ verb: 'stop', owner: 5, labels: { tier: 'prod' } }).rule, /^frozen-tier/);
  t.is(verdict({ verb: 'pull', images: ['a'] }).verdict, 'allow');
});

test('root is limited by rules that name root, and by no group', (t) => {
  const limited = policyOf('[[allow]]\nusers = ["root"]\nverbs = ["ps", "rmi"]');
  t.is(decide(limited, ROOT, { verb: 'rmi' }, around).verdict, 'allow');
  t.is(decide(limited, ROOT, { verb: 'run' }, around).verdict, 'deny');
  const denied = policyOf('[[deny]]\nusers = ["root"]\nimages = ["*:latest"]');
  t.is(decide(denied, ROOT, { verb: 'run', images: ['a:latest'] }, around).verdict, 'deny');
  t.is(decide(denied, ROOT, { verb: 'run', images: ['a:1'] }, around).verdict, 'allow');
  const group = policyOf('[[allow]]\ngroups = ["root"]\nverbs = ["ps"]');
  t.is(decide(group, ROOT, { verb: 'run' }, around).rule, 'root');
});

test('a deny rule wins over every allow rule, and the first allow rule that allows all decides', (t) => {
  const policy = policyOf(`
    [[allow]]
    name = "small"
    users = ["alice"]
    memory = "64m"
    [[allow]]
    name = "large"
    users = ["alice"]
    memory = "1g"
    [[deny]]
    name = "never"
    users = ["alice"]
    verbs = ["exec"]`);
  const rule = (request: PolicyRequest) => decide(policy, ALICE, request, around).rule;
  t.regex(rule({ verb: 'run', memoryBytes: 2 ** 26 }), /^small/);
  t.regex(rule({ verb: 'run', memoryBytes: 2 ** 27 }), /^large/);
  t.regex(rule({ verb: 'exec' }), /^never/);
  t.is(decide(policy, ALICE, { verb: 'run', memoryBytes: 2 ** 31 }, around).verdict, 'deny');
});

test('a rule that wants signatures allows the images that the host verifies', (t) => {
  const policy = policyOf('[[allow]]\nusers = ["alice"]\nimages = ["*"]\nsigned = true');
  t.is(decide(policy, ALICE, { verb: 'run', images: ['signed:1'] }, around).verdict, 'allow');
  t.regex(decide(policy, ALICE, { verb: 'run', images: ['b:1'] }, around).reason, /signature/);
});
