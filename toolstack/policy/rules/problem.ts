// SPDX-License-Identifier: Apache-2.0
// Finds the part of a request that an allow rule does not allow. Pure.

import { formatBytes } from '../../base/text.js';
import { isRoot, type Caller } from './caller.js';
import { matchesAny } from './pattern.js';
import type { PolicyRequest } from './request.js';
import { hasLabels, type PatternKey, type Rule } from './rule.js';

/** Facts beside the request. */
export interface Surroundings {
  /** Returns true where this host verifies a signature at the pull of the image. */
  isSigned: (image: string) => boolean;
  /** Returns the number of the caller's starts by this rule within the last minute. */
  recentStarts: (rule: Rule) => number;
  /** Returns true for a command that a rule without `verbs` allows. */
  isDefaultVerb: (verb: string) => boolean;
}

/** Returns the request's values for a list of a rule. */
export function valuesOf(request: PolicyRequest, key: PatternKey): readonly string[] {
  return key === 'verbs' ? [request.verb] : (request[key] ?? []);
}

const NOUNS = [
  ['images', 'the image'],
  ['networks', 'the network'],
  ['devices', 'the device'],
  ['capabilities', 'the capability'],
] as const;

/** Returns the reason why the rule does not allow the request, in words that follow "the rule"; undefined where it allows all of it. */
export function problemOf(
  rule: Rule,
  caller: Caller,
  request: PolicyRequest,
  around: Surroundings,
): string | undefined {
  const { verb, owner, labels } = request;
  const { verbs } = rule.lists;
  if (verbs ? !matchesAny(verbs, verb) : !around.isDefaultVerb(verb))
    return `does not allow the command ${verb}`;
  if (labels && !hasLabels(labels, rule)) return `is only for ${labelText(rule)}`;
  if (owner !== undefined && owner !== caller.uid && !isRoot(caller) && !rule.all)
    return "does not allow what another user's is";
  for (const [key, noun] of NOUNS) {
    const patterns = rule.lists[key] ?? [];
    const wrong = valuesOf(request, key).find((value) => !matchesAny(patterns, value));
    if (wrong !== undefined) return `does not allow ${noun} ${wrong}`;
  }
  const unsigned = rule.signed && request.images?.find((image) => !around.isSigned(image));
  if (typeof unsigned === 'string')
    return `wants a signature, which this host does not verify for the image ${unsigned}`;
  return portProblem(rule, request) ?? limitProblem(rule, request, around.recentStarts(rule));
}

function labelText({ labels }: Rule): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `containers with the label ${pairs.join(', ')}`;
}

/** A port that the host chooses, 0, needs a rule for any port at all. */
function portProblem({ ports = [] }: Rule, request: PolicyRequest): string | undefined {
  const isAllowed = (port: number): boolean =>
    port === 0 ? ports.length > 0 : ports.some(([low, high]) => port >= low && port <= high);
  const wrong = request.ports?.find((port) => !isAllowed(port));
  if (wrong === undefined) return undefined;
  return `does not allow the host's port ${wrong === 0 ? 'that thaw would choose' : wrong}`;
}

function limitProblem(
  rule: Rule,
  request: PolicyRequest,
  recentStarts: number,
): string | undefined {
  const { memoryBytes, cpus, diskBytes, containers, starts, unsizedVolumes = [] } = request;
  const [unsized] = rule.diskBytes === undefined ? [] : unsizedVolumes;
  if (unsized !== undefined)
    return `limits disks, and the volume ${unsized || 'without a name'} has no size; thaw volume create --opt size=1g NAME makes one`;
  const sum = starts === undefined ? undefined : recentStarts + starts;
  return (
    above(memoryBytes, rule.memoryBytes, (bytes) => `${formatBytes(bytes)} of memory`) ??
    above(cpus, rule.cpus, (number) => `${number} CPUs`) ??
    above(diskBytes, rule.diskBytes, (bytes) => `a disk of ${formatBytes(bytes)}`) ??
    above(containers, rule.containers, (number) => `${number} containers`) ??
    above(sum, rule.startsPerMinute, (number) => `${number} starts within a minute`)
  );
}

/** Returns `allows A, not B` for a value above the most; undefined for any other. */
function above(
  value: number | undefined,
  most: number | undefined,
  text: (value: number) => string,
): string | undefined {
  if (value === undefined || most === undefined || value <= most) return undefined;
  return `allows ${text(most)}, not ${text(value)}`;
}
