// SPDX-License-Identifier: Apache-2.0
// The parts of the rules that other folders use.

export { Accounts } from './accounts.js';
export { isRoot, type Caller } from './caller.js';
export { rightOf, useOf, verbOf, verbProblem } from './commands.js';
export { decide, type Decision } from './decide.js';
export { PolicyError } from './errors.js';
export { POLICY_PATH, readPolicy } from './file.js';
export { StartRates } from './rate.js';
export { containerFacts, domainFacts, type Defaults, type PolicyRequest } from './request.js';
export { appliesTo, titleOf, type Policy, type Rule } from './rule.js';
export { SIGNATURE_POLICY, wantsSignature } from './signed.js';
