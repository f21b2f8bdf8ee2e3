// SPDX-License-Identifier: Apache-2.0
// Questions about the policy, and the answers to them.

export interface PolicyCheckRequest {
  /** The words of a command line, without `thaw`; none to check the file alone. */
  words: string[];
  /** Name or uid of the user in whose place thawd decides; undefined for the caller. */
  user?: string;
  /** The caller by the kernel's word; thawd sets it. */
  credentials?: { uid: number; gid: number; groups: readonly number[]; pid: number };
}

/** A decision on a part of a command: the command itself, or one thing that it acts on. */
export interface PolicyVerdict {
  verdict: 'allow' | 'deny';
  /** The deciding rule, with its line; `root` for root without a rule, `default` where no rule decides. */
  rule: string;
  /** The reason of a denial; '' for none. */
  reason: string;
  /** Names of the things that the decision is about. */
  what: readonly string[];
}

export interface PolicyChecked {
  /** The policy file. */
  path: string;
  /** Number of its rules; undefined where there is no file. */
  rules?: number;
  /** Decisions in the order in which the command would ask for them. */
  verdicts: PolicyVerdict[];
  /** Messages of the command line on stderr other than denials, such as an unknown option. */
  messages: string[];
}
