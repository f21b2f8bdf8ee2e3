// SPDX-License-Identifier: Apache-2.0
// Decides a request by the rules: a deny rule that matches denies, then the first allow rule that allows all of it allows. Pure.

import { printable } from '../../base/text.js';
import { isRoot, type Caller } from './caller.js';
import { matchesAny } from './pattern.js';
import type { PolicyRequest } from './request.js';
import { problemOf, valuesOf, type Surroundings } from './problem.js';
import { appliesTo, hasLabels, PATTERN_KEYS, titleOf, type Policy, type Rule } from './rule.js';

export interface Decision {
  verdict: 'allow' | 'deny';
  /** The deciding rule's title; `root`, or `default` where no rule is for the caller. */
  rule: string;
  /** The reason of a denial; '' for none. */
  reason: string;
  /** The rule that allows. */
  allowedBy?: Rule;
}

/** Returns the decision on the whole request; the last facts to count are the limits. */
export function decide(
  policy: Pick<Policy, 'rules'>,
  caller: Caller,
  request: PolicyRequest,
  around: Surroundings,
): Decision {
  const own = policy.rules.filter((rule) => appliesTo(rule, caller));
  if (isRoot(caller) && own.length === 0) return { verdict: 'allow', rule: 'root', reason: '' };
  const denying = own.find((rule) => rule.effect === 'deny' && denies(rule, request));
  if (denying)
    return { verdict: 'deny', rule: titleOf(denying), reason: 'the rule denies such requests' };
  const allowing = own.filter(({ effect }) => effect === 'allow');
  // Where root is named by deny rules alone, all else stays allowed.
  if (isRoot(caller) && allowing.length === 0)
    return { verdict: 'allow', rule: 'root', reason: '' };
  let first: { rule: Rule; problem: string } | undefined;
  for (const rule of allowing) {
    const problem = problemOf(rule, caller, request, around);
    if (problem === undefined)
      return { verdict: 'allow', rule: titleOf(rule), reason: '', allowedBy: rule };
    first ??= { rule, problem };
  }
  if (first)
    return { verdict: 'deny', rule: titleOf(first.rule), reason: printable(first.problem, 300) };
  return { verdict: 'deny', rule: 'default', reason: 'no rule allows this user anything' };
}

/** Returns true where each list of a deny rule has an item of the request, and its labels are the container's. */
function denies(rule: Rule, request: PolicyRequest): boolean {
  const { labels = {} } = request;
  if (!hasLabels(labels, rule)) return false;
  const { ports } = rule;
  const isWithin = (port: number): boolean =>
    ports?.some(([low, high]) => port >= low && port <= high) ?? false;
  if (ports && request.ports?.some(isWithin) !== true) return false;
  return PATTERN_KEYS.every((key) => {
    const patterns = rule.lists[key];
    return !patterns || valuesOf(request, key).some((value) => matchesAny(patterns, value));
  });
}
