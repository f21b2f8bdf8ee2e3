// SPDX-License-Identifier: Apache-2.0
// Checks XenStore paths and builds the paths of a domain's nodes. Rules from Xen's docs/misc/xenstore.txt.

import { XenstoreError } from './errors.js';

declare const brand: unique symbol;
/** A checked path: absolute, or relative to the caller's own domain. */
export type XsPath = string & { readonly [brand]: 'XsPath' };

/** XENSTORE_ABS_PATH_MAX and XENSTORE_REL_PATH_MAX. */
export const ABSOLUTE_PATH_MAX_BYTES = 3072;
export const RELATIVE_PATH_MAX_BYTES = 2048;

/** Events that xenstored itself makes: a domain was introduced, or shut down, crashed, released or destroyed. */
export const INTRODUCE_DOMAIN = '@introduceDomain' as XsPath;
export const RELEASE_DOMAIN = '@releaseDomain' as XsPath;

/** Checks a node's path. Throws ERR_XENSTORE_PATH. */
export function xsPath(text: string): XsPath {
  return check(text, false);
}

/** Checks the path of a watch or a permission call: a node's path or a special path such as @releaseDomain. */
export function watchPath(text: string): XsPath {
  return check(text, true);
}

/** Returns `base` with the parts below it. A part may hold slashes or be a number. */
export function joinPath(base: string, ...parts: readonly (string | number)[]): XsPath {
  return xsPath([base === '/' ? '' : base, ...parts].join('/'));
}

/** Returns the path one level up; undefined for `/`, for a special path and for a relative path with a single level. */
export function parentPath(path: XsPath): XsPath | undefined {
  const slash = path.lastIndexOf('/');
  if (slash < 0 || path === '/') return undefined;
  return (slash === 0 ? '/' : path.slice(0, slash)) as XsPath;
}

/** True when `path` is `base` or below it. */
export function isWithin(path: string, base: string): boolean {
  return path === base || path.startsWith(base === '/' ? '/' : `${base}/`);
}

/** The path of a domain's own nodes, to which the domain's relative paths refer. */
export function domainPath(domid: number): XsPath {
  return joinPath('/local/domain', domid);
}

/** The path of a device's front end; `kind` as XenStore names it (vif, vbd, 9pfs, console). */
export function frontendPath(frontendDomid: number, kind: string, devid: number): XsPath {
  return joinPath(domainPath(frontendDomid), 'device', kind, devid);
}

/** The path of the same device's back end. */
export function backendPath(
  backendDomid: number,
  kind: string,
  frontendDomid: number,
  devid: number,
): XsPath {
  return joinPath(domainPath(backendDomid), 'backend', kind, frontendDomid, devid);
}

/** The path of libxl's own records of a domain. */
export function libxlPath(domid: number): XsPath {
  return joinPath('/libxl', domid);
}

/** The path of the tools' records of a domain, by its UUID. */
export function vmPath(uuid: string): XsPath {
  return joinPath('/vm', uuid);
}

function check(text: string, isSpecialAllowed: boolean): XsPath {
  const fault = findFault(text, isSpecialAllowed);
  if (fault === undefined) return text as XsPath;
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
  throw new XenstoreError('ERR_XENSTORE_PATH', `Cannot use path ${shown}: ${fault}`, {
    path: text,
  });
}

function findFault(text: string, isSpecialAllowed: boolean): string | undefined {
  if (text === '') return 'it is empty';
  const bad = /[^A-Za-z0-9\-/_@]/u.exec(text);
  if (bad !== null) return `character ${JSON.stringify(bad[0])} is not one of A-Z a-z 0-9 - / _ @`;
  if (text.startsWith('@')) return isSpecialAllowed ? undefined : 'special paths have no node';
  if (text.includes('//')) return 'it has a doubled slash';
  if (text.endsWith('/') && text !== '/') return 'it ends with a slash';
  const max = text.startsWith('/') ? ABSOLUTE_PATH_MAX_BYTES : RELATIVE_PATH_MAX_BYTES;
  return text.length > max ? `it has ${text.length} bytes, the limit is ${max}` : undefined;
}
