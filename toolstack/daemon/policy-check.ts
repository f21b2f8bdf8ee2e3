// SPDX-License-Identifier: Apache-2.0
// thaw policy check: runs a command line whose calls end where their work would begin, and collects the decisions.

import type { Client, Engine, PolicyChecked, PolicyCheckRequest } from '../api/engine.js';
import { ThawError } from '../base/errors.js';
import { runCommandLine } from '../cli/main.js';
import { CheckEnd, gated, Guard, guardEngine, isRoot, type Caller } from '../policy/index.js';
import type { Gate } from './gate.js';

const ROOT: Caller = { uid: 0, gid: 0, groups: [], pid: process.pid };
/** The most messages and decisions in an answer. */
const ANSWERS_MAX = 1000;

/** Rejects with ERR_POLICY_FILE for a wrong policy file, and with ERR_USAGE for a user whom the host does not know. */
export async function checkPolicy(
  { live, services }: Pick<Gate, 'live' | 'services'>,
  engine: Engine,
  { words, user, credentials = ROOT }: PolicyCheckRequest,
  client: Client,
): Promise<PolicyChecked> {
  const state = await live.current();
  if (state.kind === 'wrong') throw state.error;
  const checked: PolicyChecked = { path: live.path, verdicts: [], messages: [] };
  if (state.kind === 'ready') checked.rules = state.policy.rules.length;
  if (words.length === 0) return checked;
  const caller = user === undefined ? credentials : live.accounts.login(user);
  if (!caller)
    throw new ThawError('ERR_USAGE', `Cannot use --user ${user}: /etc/passwd has no such user`);
  const rules = state.kind === 'ready' ? state.policy.rules : [];
  if (state.kind === 'absent' && !isRoot(caller)) {
    const reason = `there is no ${live.path}, and thaw is root's alone without it`;
    checked.verdicts.push({ verdict: 'deny', rule: 'default', reason, what: [] });
    return checked;
  }
  const denials = new Set<string>();
  const guard = new Guard(services, caller, { rules }, live.accounts, (verdict) => {
    if (checked.verdicts.length < ANSWERS_MAX) checked.verdicts.push(verdict);
    if (verdict.verdict === 'deny') denials.add(verdict.reason);
  });
  const probe: Client = {
    ...client,
    out: () => undefined,
    err: (data) => {
      const text = data.toString();
      const isOwn = [END, ...denials].some((part) => text.includes(part));
      if (!isOwn && checked.messages.length < ANSWERS_MAX) checked.messages.push(text);
    },
    input: yes,
    join: () => Promise.reject(new CheckEnd()),
    standIn: () => Promise.reject(new CheckEnd()),
    // Any file has a text that all options take.
    ...gated(guard, client.cwd, () => Promise.resolve('{"defaultAction":"SCMP_ACT_ALLOW"}')),
  };
  await runCommandLine(words, probe, guardEngine(guard, engine));
  return checked;
}

const END = new CheckEnd().message;

const YES = Buffer.of(0x79, 0x0a);

/** Agrees to any question. */
async function* yes(): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield YES;
}
