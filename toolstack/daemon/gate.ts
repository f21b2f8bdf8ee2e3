// SPDX-License-Identifier: Apache-2.0
// Lets callers in by the policy in force: gives each command its guard, and the socket its group.

import { readFileSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import type { Client, Engine } from '../api/engine.js';
import { describeError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { PolicyError } from '../policy/index.js';
import {
  checkDevice,
  gated,
  Guard,
  guardEngine,
  isRoot,
  readAs,
  SIGNATURE_POLICY,
  StartRates,
  type AuditLog,
  type Caller,
  type Defaults,
  type GuardServices,
  type LivePolicy,
  type PolicyState,
} from '../policy/index.js';
import { Crowd } from './crowd.js';

export interface GateOptions {
  live: LivePolicy;
  audit: AuditLog;
  defaults: Defaults;
  /** A file of logins for registries that has none. */
  noLogins: string;
  /** Path of thawd's socket, which gets the policy's group. */
  socket: string;
  log: Log;
}

/** One caller's command: the engine as the caller may use it, and the guard that decides. */
export interface Admission {
  guard: Guard;
  engine: Engine;
  /** Returns the parts of the client that ask the guard. */
  gated(cwd: string, signal: AbortSignal): Pick<Client, 'admit' | 'files'>;
}

const ROOT: Caller = { uid: 0, gid: 0, groups: [], pid: process.pid };

export class Gate {
  readonly services: GuardServices;
  readonly live: LivePolicy;
  readonly crowd = new Crowd();
  readonly #options: GateOptions;
  #seen: PolicyState = { kind: 'absent' };
  #hasGroup = false;

  constructor(options: GateOptions) {
    const { audit, defaults, noLogins, live } = options;
    this.#options = options;
    this.live = live;
    this.services = {
      audit,
      defaults,
      noLogins,
      rates: new StartRates(),
      pending: new Map(),
      signaturePolicy,
      checkDevice,
    };
  }

  /** Rejects with ERR_POLICY_DENIED for a user whom no policy lets in: there is none, or thawd cannot read it. */
  async admit(caller: Caller, engine: Engine): Promise<Admission> {
    const state = await this.#present();
    const rules = state.kind === 'ready' ? state.policy.rules : [];
    const guard = new Guard(this.services, caller, { rules }, this.live.accounts);
    if (state.kind !== 'ready' && !isRoot(caller)) throw this.#refusal(state, guard);
    return {
      guard,
      engine: guardEngine(guard, engine),
      gated: (cwd, signal) => gated(guard, cwd, (path) => readAs(path, caller, signal)),
    };
  }

  /** Reads the policy file and the accounts again. Resolves with the number of rules. Rejects with ERR_POLICY_FILE. */
  async reload(): Promise<number | undefined> {
    const state = await this.#present(true);
    if (state.kind === 'wrong') throw state.error;
    return state.kind === 'ready' ? state.policy.rules.length : undefined;
  }

  /** Resolves with the present policy. After a change, sets the socket's group and writes a line into the audit log. */
  async #present(again = false): Promise<PolicyState> {
    const state = await this.live.current(again);
    if (state !== this.#seen || again) {
      this.#seen = state;
      await this.#tell(state);
    }
    return state;
  }

  async #tell(state: PolicyState): Promise<void> {
    const { audit, log, live } = this.#options;
    const event = { event: 'policy', verb: 'policy', what: [live.path] } as const;
    if (state.kind === 'wrong') {
      log.error(`${describeError(state.error)}; thawd serves root alone meanwhile`);
      const reason = describeError(state.error);
      return audit.write({ ...event, result: 'failed', reason }, ROOT, 'root');
    }
    const group = state.kind === 'ready' ? state.policy.socketGroup : undefined;
    await this.#giveSocket(group).catch((error: unknown) =>
      log.error(`Cannot give the socket to its group: ${describeError(error)}`),
    );
    audit.write({ ...event, result: 'done' }, ROOT, 'root');
  }

  /** Without a group, takes back only what an earlier policy gave: a unit of systemd may have given the socket to another group. */
  async #giveSocket(group: number | undefined): Promise<void> {
    const { socket } = this.#options;
    if (group === undefined && !this.#hasGroup) return;
    // No other group may connect between the two changes.
    await chmod(socket, 0o600);
    await chown(socket, process.geteuid?.() ?? 0, group ?? process.getegid?.() ?? 0);
    if (group !== undefined) await chmod(socket, 0o660);
    this.#hasGroup = group !== undefined;
  }

  #refusal(state: Exclude<PolicyState, { kind: 'ready' }>, guard: Guard): PolicyError {
    const reason =
      state.kind === 'wrong'
        ? describeError(state.error)
        : `there is no ${this.live.path}, and thaw is root's alone without it`;
    return guard.denied('default', reason, []);
  }
}

function signaturePolicy(): string {
  try {
    return readFileSync(SIGNATURE_POLICY, 'utf8');
  } catch {
    return '';
  }
}
