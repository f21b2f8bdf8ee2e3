// SPDX-License-Identifier: Apache-2.0
// Names of users and groups, from the text of /etc/passwd and /etc/group. Accounts of a directory service are written as numbers.

import { readFileSync } from 'node:fs';
import type { Caller } from './caller.js';

interface User {
  uid: number;
  gid: number;
}

export class Accounts {
  readonly #users = new Map<string, User>();
  readonly #userNames = new Map<number, string>();
  readonly #groups = new Map<string, { gid: number; members: readonly string[] }>();

  /** Lines that are no account are skipped. */
  constructor(passwd: string, group: string) {
    for (const [name = '', , uid, gid] of fieldsOf(passwd)) {
      const user = { uid: Number(uid), gid: Number(gid) };
      if (!isId(user.uid) || !isId(user.gid)) continue;
      this.#users.set(name, user);
      if (!this.#userNames.has(user.uid)) this.#userNames.set(user.uid, name);
    }
    for (const [name = '', , gid, members = ''] of fieldsOf(group))
      if (isId(Number(gid)))
        this.#groups.set(name, { gid: Number(gid), members: members.split(',') });
  }

  /** Reads this host's accounts. A missing file has none. */
  static ofHost(): Accounts {
    return new Accounts(textOf('/etc/passwd'), textOf('/etc/group'));
  }

  uid(user: string): number | undefined {
    return isNumber(user) ? Number(user) : this.#users.get(user)?.uid;
  }

  gid(group: string): number | undefined {
    return isNumber(group) ? Number(group) : this.#groups.get(group)?.gid;
  }

  /** Returns the user's name, or the number where the user has none here. */
  userName(uid: number): string {
    return this.#userNames.get(uid) ?? String(uid);
  }

  /** Returns the credentials that the user has after a login; undefined for a user whom the host does not know. */
  login(user: string): Caller | undefined {
    const name = isNumber(user) ? this.userName(Number(user)) : user;
    const found = this.#users.get(name);
    if (!found) return undefined;
    const groups = [...this.#groups.values()]
      .filter(({ members }) => members.includes(name))
      .map(({ gid }) => gid);
    return { ...found, groups, pid: 0 };
  }
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text) && isId(Number(text));
}

/** The largest id means "no change" to the kernel. */
function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
