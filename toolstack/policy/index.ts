// SPDX-License-Identifier: Apache-2.0
// The parts of the policy that the rest of thaw may use.

export { AuditLog, type AuditEntry } from './audit/index.js';
export { CheckEnd, gated, Guard, guardEngine, type GuardServices } from './guard/index.js';
export { checkDevice, readAs } from './as-caller.js';
export { LivePolicy, type PolicyState } from './live.js';
export {
  Accounts,
  isRoot,
  POLICY_PATH,
  PolicyError,
  readPolicy,
  SIGNATURE_POLICY,
  StartRates,
  verbProblem,
  type Caller,
  type Defaults,
  type Policy,
} from './rules/index.js';
