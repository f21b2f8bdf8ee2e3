// SPDX-License-Identifier: Apache-2.0
// One line of the audit log: who did what, and with which result. It has no environment, no command of a container and no file's content.

import { printable } from '../../base/text.js';
import type { Caller } from '../rules/caller.js';

export interface AuditEvent {
  /** `decision`: a rule allowed or denied a request. `change`: a request has ended. `policy`: the policy file was read. `lost`: lines are missing. */
  event: 'decision' | 'change' | 'policy' | 'lost';
  /** Name of the command. */
  verb: string;
  /** Names of the containers, images, pods, networks and volumes that the request is about. */
  what: readonly string[];
  result: 'allowed' | 'denied' | 'done' | 'failed';
  /** The deciding rule. */
  rule?: string;
  /** The reason of a denial, or the error of a failure, and its code. */
  reason?: string;
  code?: string;
  /** Exit status, where thawd knows it. */
  status?: number;
  /** Duration of a change in milliseconds. */
  ms?: number;
}

/** A line's fields in their order. */
export type AuditEntry = {
  /** RFC 3339, UTC. */
  time: string;
  user: string;
  uid: number;
  gid: number;
  pid: number;
} & AuditEvent;

const NAMES_MAX = 20;
const NAME_MAX = 256;
const REASON_MAX = 500;

/** Returns the entry with cleaned and shortened texts. Pure. */
export function entryOf(
  event: AuditEvent,
  { uid, gid, pid }: Caller,
  user: string,
  time: Date,
): AuditEntry {
  const { event: kind, verb, what, reason, ...rest } = event;
  return {
    time: time.toISOString(),
    event: kind,
    user: printable(user, NAME_MAX),
    uid,
    gid,
    pid,
    verb: printable(verb, NAME_MAX),
    what: what.slice(0, NAMES_MAX).map((name) => printable(name, NAME_MAX)),
    ...rest,
    ...(reason === undefined ? {} : { reason: printable(reason, REASON_MAX) }),
  };
}
