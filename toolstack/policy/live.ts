// SPDX-License-Identifier: Apache-2.0
// The policy in force: the file's present content, read again when the file has changed.

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errorCode, errorMessage } from '../base/errors.js';
import { Accounts } from './rules/accounts.js';
import { PolicyError } from './rules/errors.js';
import { POLICY_BYTES_MAX, readPolicy } from './rules/file.js';
import { verbProblem } from './rules/commands.js';
import type { Policy } from './rules/rule.js';

/** `absent`: there is no file, so thawd serves root alone. `wrong`: thawd serves root alone until the file is right. */
export type PolicyState =
  { kind: 'absent' } | { kind: 'wrong'; error: PolicyError } | { kind: 'ready'; policy: Policy };

const ABSENT: PolicyState = { kind: 'absent' };

/** A state lasts until the file changes, so a caller knows a change by the identity of the state. */
export class LivePolicy {
  readonly path: string;
  readonly #accounts: () => Accounts;
  #known: Accounts;
  #state = ABSENT;
  /** Identity of the content that #state is of. */
  #stamp = '';
  #reading: Promise<PolicyState> | undefined;

  constructor(path: string, accounts: () => Accounts = () => Accounts.ofHost()) {
    this.path = path;
    this.#accounts = accounts;
    this.#known = accounts();
  }

  /** The accounts at the last reading. */
  get accounts(): Accounts {
    return this.#known;
  }

  /** Resolves with the policy of the file as it is now. `again` reads accounts and file even if the file is the same. Never rejects. */
  async current(again = false): Promise<PolicyState> {
    if (again) this.#stamp = '';
    // Callers at the same time share one reading that began before all of them asked, or the one after it.
    await this.#reading;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<PolicyState> {
    let file: FileHandle | undefined;
    try {
      // A FIFO in place of the file must not stop thawd.
      file = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      const { ino, dev, size, mtimeMs, ctimeMs, mode, uid } = await file.stat();
      const stamp = [dev, ino, size, mtimeMs, ctimeMs].join(' ');
      if (stamp === this.#stamp) return this.#state;
      this.#stamp = stamp;
      this.#known = this.#accounts();
      checkFile(this.path, { size, mode, uid });
      const text = await file.readFile('utf8');
      const known = { accounts: this.#known, verbProblem };
      this.#state = { kind: 'ready', policy: readPolicy(this.path, text, known) };
    } catch (error) {
      if (file === undefined) this.#stamp = '';
      this.#state =
        errorCode(error) === 'ENOENT' ? ABSENT : this.#wrong(fileError(this.path, error));
    } finally {
      await file?.close();
    }
    return this.#state;
  }

  #wrong(error: PolicyError): PolicyState {
    const before = this.#state;
    return before.kind === 'wrong' && before.error.message === error.message
      ? before
      : { kind: 'wrong', error };
  }
}

/** Throws where another user may write the rules. */
function checkFile(
  path: string,
  { size, mode, uid }: { size: number; mode: number; uid: number },
): void {
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  const problem = !isFile
    ? 'it is no ordinary file'
    : size > POLICY_BYTES_MAX
      ? `it has more than ${POLICY_BYTES_MAX} bytes`
      : uid !== 0 && uid !== process.geteuid?.()
        ? `it belongs to user ${uid}; chown root ${path}`
        : (mode & 0o022) !== 0
          ? `others may write it; chmod 0644 ${path}`
          : undefined;
  if (problem !== undefined)
    throw new PolicyError('ERR_POLICY_FILE', `Cannot use ${path}: ${problem}`);
}

function fileError(path: string, cause: unknown): PolicyError {
  if (cause instanceof PolicyError) return cause;
  return new PolicyError('ERR_POLICY_FILE', `Cannot read ${path}: ${errorMessage(cause)}`, {
    cause,
  });
}
