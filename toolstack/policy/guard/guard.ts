// SPDX-License-Identifier: Apache-2.0
// Decides the requests of one command, and writes the decisions and their outcomes into the audit log.

import { describeError, errorCode } from '../../base/errors.js';
import { printable } from '../../base/text.js';
import type { AuditEvent, AuditLog } from '../audit/index.js';
import {
  appliesTo,
  decide,
  isRoot,
  PolicyError,
  rightOf,
  titleOf,
  wantsSignature,
  type Accounts,
  type Caller,
  type Decision,
  type Defaults,
  type Policy,
  type PolicyRequest,
  type StartRates,
} from '../rules/index.js';

/** Parts that all commands share. */
export interface GuardServices {
  audit: Pick<AuditLog, 'write'>;
  rates: StartRates;
  defaults: Defaults;
  /** A file of logins for registries that has none. */
  noLogins: string;
  /** Returns the text of the host's signature policy; '' for none. */
  signaturePolicy: () => string;
  /** Containers by user that are being made and that no list shows yet. */
  pending: Map<number, number>;
  /** Rejects unless the caller may open the block device with this access, a word of r and w. */
  checkDevice: (path: string, access: string, caller: Caller) => Promise<void>;
}

type Facts = Omit<PolicyRequest, 'verb'>;

/** Takes each decision of a check. */
export type Trace = (
  decision: Pick<Decision, 'verdict' | 'rule' | 'reason'> & { what: readonly string[] },
) => void;

/** Ends a call of a check at the point where the work would begin. */
export class CheckEnd extends Error {
  constructor() {
    super('End of the check');
  }
}

export class Guard {
  readonly caller: Caller;
  readonly services: GuardServices;
  readonly #policy: Pick<Policy, 'rules'>;
  readonly #accounts: Accounts;
  readonly #trace: Trace | undefined;
  /** Name of the command that runs; '' while a shell completes a word. */
  verb = '';

  /** With `trace`, decisions go there alone: the guard writes nothing, counts no start, and change() and use() do no work. */
  constructor(
    services: GuardServices,
    caller: Caller,
    policy: Pick<Policy, 'rules'>,
    accounts: Accounts,
    trace?: Trace,
  ) {
    this.services = services;
    this.caller = caller;
    this.#policy = policy;
    this.#accounts = accounts;
    this.#trace = trace;
  }

  /** True for root whom no rule names. */
  get isFree(): boolean {
    const { caller } = this;
    return isRoot(caller) && !this.#policy.rules.some((rule) => appliesTo(rule, caller));
  }

  /** True for a caller who reaches no host file and no other user's container by thawd's rights. */
  get isLimited(): boolean {
    return !isRoot(this.caller);
  }

  /** Decides whether the caller may give the command at all. Throws ERR_POLICY_DENIED. */
  begin(verb: string): Decision {
    this.verb = verb;
    return this.allow({}, []);
  }

  /** Returns the decision that allows these facts of the present command. `what` has names for the audit log. Throws ERR_POLICY_DENIED. */
  allow(facts: Facts, what: readonly string[]): Decision {
    const decision = this.#decide(facts);
    const { verdict, rule, reason, allowedBy } = decision;
    if (verdict === 'deny') throw this.denied(rule, reason, what);
    this.#trace?.({ verdict, rule, reason, what });
    if (!this.isFree) this.#write({ event: 'decision', result: 'allowed', rule, what });
    if (allowedBy && facts.starts !== undefined && !this.#trace)
      this.services.rates.add(rule, this.caller.uid, facts.starts);
    return decision;
  }

  /** Returns true where allow() would not throw, and writes nothing: for filters of lists. */
  can(facts: Facts): boolean {
    return this.#decide(facts).verdict === 'allow';
  }

  /** Returns the error of a denial, and writes it into the audit log. */
  denied(rule: string, reason: string, what: readonly string[]): PolicyError {
    this.#trace?.({ verdict: 'deny', rule, reason, what });
    this.#write({ event: 'decision', result: 'denied', rule, reason, what });
    const name = printable(what[0] ?? '', 200);
    const command = `thaw ${this.verb}`;
    return new PolicyError(
      'ERR_POLICY_DENIED',
      `Cannot use ${command}${name === '' ? '' : ` with "${name}"`}: the policy's rule "${rule}" decides: ${reason}; ask root for another rule, and see ${command === 'thaw ' ? 'thaw' : 'thaw policy'} check`,
      { rule },
    );
  }

  /** Throws for all callers but root: the call acts on what all users share. */
  rootOnly(what: readonly string[]): void {
    if (this.isLimited) throw this.denied('default', `thaw ${this.verb} is root's alone`, what);
    if (!this.isFree) this.allow({}, what);
  }

  /** Throws for all callers but root, who names a host path. */
  noHostPath(path: string, instead: string): void {
    if (this.isLimited)
      throw this.denied('default', `thawd opens host paths for root alone; ${instead}`, [path]);
  }

  /** Does the work of a change, and writes its outcome. Settles as the work does. */
  async change<T>(what: readonly string[], work: () => Promise<T>): Promise<T> {
    if (this.#trace) throw new CheckEnd();
    const begun = performance.now();
    const passed = (): number => Math.round(performance.now() - begun);
    try {
      const outcome = await work();
      const status = statusOf(outcome);
      const end = { event: 'change', result: 'done', what, ms: passed() } as const;
      this.#write(status === undefined ? end : { ...end, status });
      return outcome;
    } catch (error) {
      const code = errorCode(error);
      const reason = describeError(error);
      const end = { event: 'change', result: 'failed', what, reason, ms: passed() } as const;
      this.#write(code === undefined ? end : { ...end, code });
      throw error;
    }
  }

  /** Does work that changes nothing, and that a check of the policy must not do. */
  use<T>(work: () => Promise<T>): Promise<T> {
    return this.#trace ? Promise.reject(new CheckEnd()) : work();
  }

  #decide(facts: Facts): Decision {
    const { caller, services, verb } = this;
    if (this.isLimited && verb !== '' && rightOf(verb) === 'root')
      return { verdict: 'deny', rule: 'default', reason: `thaw ${verb} is root's alone` };
    // A shell completes words: all that the caller may see under any default command.
    return decide(
      this.#policy,
      caller,
      { ...facts, verb: verb === '' ? 'ps' : verb },
      {
        isSigned: (image) => wantsSignature(services.signaturePolicy(), image),
        recentStarts: (rule) => services.rates.recent(titleOf(rule), caller.uid),
        isDefaultVerb: (name) => rightOf(name) === 'default',
      },
    );
  }

  #write(event: Omit<AuditEvent, 'verb'>): void {
    if (this.#trace) return;
    const { caller, verb, services } = this;
    services.audit.write({ ...event, verb }, caller, this.#accounts.userName(caller.uid));
  }
}

/** The exit status that a command's call resolved with. */
function statusOf(outcome: unknown): number | undefined {
  if (typeof outcome !== 'object' || outcome === null || !('status' in outcome)) return undefined;
  return typeof outcome.status === 'number' ? outcome.status : undefined;
}
