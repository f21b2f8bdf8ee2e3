// SPDX-License-Identifier: Apache-2.0
// Resolves User to numbers with the image's own /etc/passwd and /etc/group, by docker's and podman's rules.
import { ImageError, quoteUntrusted } from '../errors.js';

/** The largest signed 32-bit number; runc refuses larger ids too. */
const ID_MAX = 0x7fffffff;

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: number[];
  readonly home: string;
  /** '' where the image has no name for the uid. */
  readonly username: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Resolves `user`, `uid`, `user:group`, `uid:gid` or '' (root). A uid that is not in the files gets gid 0 and the home `/`. Without an explicit
 * group, the result has the user's supplementary groups. Throws ERR_IMAGE_USER, naming the user or group and `imageName`.
 */
export function resolveUser(
  user: string,
  passwd: string,
  group: string,
  imageName = 'the image',
): ResolvedUser {
  const [userPart = '', groupPart = '', ...more] = user.split(':');
  if (more.length > 0) throw unknown('user', user, imageName, 'it has more than one colon');
  const entries = parsePasswd(passwd);
  const number = idOf(userPart);
  const entry =
    userPart === ''
      ? entries.find((e) => e.uid === 0)
      : (entries.find((e) => e.name === userPart) ?? entries.find((e) => e.uid === number));
  if (entry === undefined && userPart !== '' && number === undefined) {
    throw unknown(
      'user',
      userPart,
      imageName,
      'its /etc/passwd does not hold it; give a number instead',
    );
  }
  const groups = parseGroup(group);
  return {
    uid: entry?.uid ?? number ?? 0,
    gid: groupPart === '' ? (entry?.gid ?? 0) : groupId(groupPart, groups, imageName),
    additionalGids: groupPart === '' && entry !== undefined ? supplementary(entry, groups) : [],
    home: entry?.home ?? '/',
    username: entry?.name ?? '',
  };
}

function groupId(text: string, groups: readonly GroupEntry[], imageName: string): number {
  const number = idOf(text);
  const gid = groups.find((g) => g.name === text)?.gid ?? number;
  if (gid === undefined) {
    throw unknown(
      'group',
      text,
      imageName,
      'its /etc/group does not hold it; give a number instead',
    );
  }
  return gid;
}

function supplementary(entry: PasswdEntry, groups: readonly GroupEntry[]): number[] {
  const gids = groups
    .filter((g) => g.members.includes(entry.name) && g.gid !== entry.gid)
    .map((g) => g.gid);
  return [...new Set(gids)];
}

function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const [name = '', , uidText = '', gidText = '', , home = ''] of fields(text)) {
    const uid = idOf(uidText);
    const gid = idOf(gidText);
    if (name !== '' && uid !== undefined && gid !== undefined)
      entries.push({ name, uid, gid, home: home || '/' });
  }
  return entries;
}

function parseGroup(text: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const [name = '', , gidText = '', members = ''] of fields(text)) {
    const gid = idOf(gidText);
    if (name !== '' && gid !== undefined)
      entries.push({ name, gid, members: members.split(',').filter((m) => m !== '') });
  }
  return entries;
}

function fields(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function idOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= ID_MAX ? id : undefined;
}

function unknown(kind: 'user' | 'group', text: string, imageName: string, why: string): ImageError {
  return new ImageError(
    'ERR_IMAGE_USER',
    `Cannot find ${kind} ${quoteUntrusted(text)} in ${imageName}: ${why}`,
  );
}
