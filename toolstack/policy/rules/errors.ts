// SPDX-License-Identifier: Apache-2.0
// Errors of the policy.

import { ThawError } from '../../base/errors.js';

/**
 * ERR_POLICY_DENIED: no rule allows the request, or a rule denies it. ERR_POLICY_FILE: the policy file is wrong. Both messages name the
 * rule or the line, and the remedy.
 */
export class PolicyError extends ThawError {
  /** The rule that decides, as the audit log names it; undefined where no rule does. */
  readonly rule: string | undefined;

  constructor(
    code: 'ERR_POLICY_DENIED' | 'ERR_POLICY_FILE',
    message: string,
    { rule, cause }: { rule?: string | undefined; cause?: unknown } = {},
  ) {
    super(code, message, { cause });
    this.rule = rule;
  }
}
