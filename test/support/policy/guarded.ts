// SPDX-License-Identifier: Apache-2.0
// A command line over a guarded engine that only records its calls, and the audit lines that come of it.

import type { Client, Engine } from '../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../toolstack/cli/main.js';
import {
  gated,
  Guard,
  guardEngine,
  StartRates,
  type Caller,
} from '../../../toolstack/policy/index.js';
import type { AuditEvent } from '../../../toolstack/policy/audit/entry.js';
import { fakeClient, fakeEngine } from '../cli/fake-engine.js';
import { ACCOUNTS, policyOf } from './policy-of.js';

export interface Change {
  client?: Partial<Client>;
  engine?: Partial<Engine>;
  rates?: StartRates;
  read?: (path: string) => Promise<string>;
}

/** Runs a command line of blank-separated words for the caller under a policy. */
export async function guarded(policy: string, caller: Caller, words: string, change: Change = {}) {
  const { engine, calls } = fakeEngine(change.engine);
  const audit: AuditEvent[] = [];
  const services = {
    audit: { write: (event: AuditEvent) => void audit.push(event) },
    rates: change.rates ?? new StartRates(() => 0),
    defaults: {
      memoryBytes: 2 ** 28,
      podMemoryBytes: 2 ** 29,
      diskBytes: 10 * 2 ** 30,
      network: 'thaw',
    },
    noLogins: '/run/thaw/no-logins.json',
    signaturePolicy: () => '',
    pending: new Map<number, number>(),
    checkDevice: () => Promise.resolve(),
  };
  const guard = new Guard(services, caller, policyOf(policy), ACCOUNTS);
  const read = change.read ?? (() => Promise.reject(new Error('Permission denied')));
  const { client, out, err } = fakeClient({ ...gated(guard, '/', read), ...change.client });
  const status = await runCommandLine(words.split(' '), client, guardEngine(guard, engine));
  return { status, out: out(), err: err(), calls, audit, pending: services.pending };
}
