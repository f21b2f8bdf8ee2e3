// SPDX-License-Identifier: Apache-2.0
// Policies and callers for tests: alice (1000, group thaw), bob (1001, group ops), root.

import { Accounts } from '../../../toolstack/policy/rules/accounts.js';
import type { Caller } from '../../../toolstack/policy/rules/caller.js';
import { verbProblem } from '../../../toolstack/policy/rules/commands.js';
import { readPolicy } from '../../../toolstack/policy/rules/file.js';
import type { Policy } from '../../../toolstack/policy/rules/rule.js';

export const ACCOUNTS = new Accounts(
  [
    'root:x:0:0:root:/root:/bin/sh',
    'alice:x:1000:1000::/home/alice:/bin/sh',
    'bob:x:1001:1001::/home/bob:/bin/sh',
    '',
  ].join('\n'),
  ['root:x:0:', 'alice:x:1000:', 'bob:x:1001:', 'thaw:x:900:alice', 'ops:x:901:bob', ''].join('\n'),
);

export const ROOT: Caller = { uid: 0, gid: 0, groups: [], pid: 1 };
export const ALICE: Caller = { uid: 1000, gid: 1000, groups: [900], pid: 2 };
export const BOB: Caller = { uid: 1001, gid: 1001, groups: [901], pid: 3 };

export function policyOf(text: string): Policy {
  return readPolicy('/etc/thaw/policy.toml', text, { accounts: ACCOUNTS, verbProblem });
}

/** A usual policy: developers of the group thaw, and operators who see all. */
export const USUAL = `
socket_group = "thaw"

[[allow]]
name = "developers"
groups = ["thaw"]
images = ["docker.io/library/*"]
networks = ["thaw", "lab"]
capabilities = ["NET_ADMIN"]
ports = [8080, "9000-9099"]
memory = "512m"
cpus = 2
disk = "20g"
containers = 3
starts_per_minute = 5

[[allow]]
name = "operators"
users = ["bob"]
verbs = ["ps", "logs", "stop", "inspect"]
all = true

[[deny]]
name = "no-latest"
images = ["*:latest"]
`;
