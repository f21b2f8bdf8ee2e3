// SPDX-License-Identifier: Apache-2.0
// Parses an image reference of a command line into skopeo's TRANSPORT:DETAILS form, and into the name under which the store keeps the image.
import { resolve as resolvePath } from 'node:path';
import { ImageError } from './errors.js';

/** Transports whose details are a path on this host. */
export type LocalTransport = 'oci' | 'oci-archive' | 'docker-archive' | 'dir' | 'sif' | 'tarball';
export type Transport =
  LocalTransport | 'docker' | 'docker-daemon' | 'containers-storage' | 'ostree';

export interface ImageReference {
  readonly transport: Transport;
  /** The reference for skopeo; paths are absolute. */
  readonly skopeo: string;
  /** The name in the store: `docker.io/library/busybox:latest`, or the skopeo form for other transports. */
  readonly name: string;
  /** Absolute paths of the files or folders that a local transport reads; empty for other transports. */
  readonly paths: readonly string[];
  /** True when the text could also be the start of an image id. */
  readonly maybeId: boolean;
}

const LOCAL: readonly string[] = ['oci', 'oci-archive', 'docker-archive', 'dir', 'sif', 'tarball'];
const OTHER: readonly string[] = ['docker-daemon', 'containers-storage', 'ostree'];
const ID = /^(sha256:)?[0-9a-f]{3,64}$/;
const DOMAIN =
  /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)(:\d{1,5})?$/;
const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Parses a reference. A text without a transport is a name on a registry, by the rules that docker and podman share. A first component with a dot
 * or a port, or `localhost`, is the registry. Otherwise the registry is docker.io, with `library/` before a single component. No tag means `latest`.
 * Relative paths start at `cwd`. Throws ERR_IMAGE_REFERENCE.
 */
export function parseReference(
  text: string,
  options: { cwd?: string | undefined } = {},
): ImageReference {
  if (text === '' || text.length > 4096 || hasControl(text))
    bad(text, 'empty, too long, or with control characters');
  const colon = text.indexOf(':');
  const head = colon < 0 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (head === 'docker' && rest.startsWith('//')) return registryReference(text, rest.slice(2));
  if (LOCAL.includes(head)) return localReference(head as LocalTransport, rest, options.cwd, text);
  if (OTHER.includes(head)) {
    if (rest === '') bad(text, `nothing follows "${head}:"`);
    return { transport: head as Transport, skopeo: text, name: text, paths: [], maybeId: false };
  }
  if (text.includes('://')) {
    bad(
      text,
      'no such transport; use docker://, oci:, oci-archive:, docker-archive:, dir:, or a name as on a registry',
    );
  }
  return { ...registryReference(text, text), maybeId: ID.test(text) };
}

function localReference(
  transport: LocalTransport,
  rest: string,
  cwd: string | undefined,
  text: string,
): ImageReference {
  // Only oci and the archives take a suffix (a tag, an index) after the path; none of their paths can hold a colon.
  const split = transport === 'dir' || transport === 'sif' ? -1 : rest.indexOf(':');
  const given =
    transport === 'tarball' ? rest.split(':') : [split < 0 ? rest : rest.slice(0, split)];
  const suffix = transport === 'tarball' || split < 0 ? '' : rest.slice(split);
  const paths = given.map((path) => {
    if (path === '' || path === '-') bad(text, `no path follows "${transport}:"`);
    if (!path.startsWith('/') && cwd === undefined) bad(text, 'the path is not absolute');
    return resolvePath(cwd ?? '/', path);
  });
  const skopeo = `${transport}:${paths.join(':')}${suffix}`;
  return { transport, skopeo, name: skopeo, paths, maybeId: false };
}

function registryReference(text: string, details: string): ImageReference {
  const at = details.indexOf('@');
  const digest = at < 0 ? undefined : details.slice(at + 1);
  if (digest !== undefined && !DIGEST.test(digest))
    bad(text, 'a digest is sha256: and 64 hexadecimal digits');
  const untagged = at < 0 ? details : details.slice(0, at);
  const colon = untagged.lastIndexOf(':');
  const hasTag = colon > untagged.lastIndexOf('/');
  const tag = hasTag ? untagged.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag))
    bad(text, 'a tag is at most 128 letters, digits, dots, underscores and dashes');
  const repository = repositoryOf(hasTag ? untagged.slice(0, colon) : untagged, text);
  // skopeo refuses a tag next to a digest. The digest is more exact.
  const suffix = digest !== undefined ? `@${digest}` : `:${tag ?? 'latest'}`;
  const name = `${repository}${suffix}`;
  return { transport: 'docker', skopeo: `docker://${name}`, name, paths: [], maybeId: false };
}

function repositoryOf(path: string, text: string): string {
  const components = path.split('/');
  const first = components[0] ?? '';
  const isDomain =
    components.length > 1 &&
    (first.includes('.') ||
      first.includes(':') ||
      first === 'localhost' ||
      first !== first.toLowerCase());
  const domain = isDomain ? first : 'docker.io';
  const names = isDomain ? components.slice(1) : components;
  if (!DOMAIN.test(domain)) bad(text, `"${domain}" is not a registry's address`);
  for (const name of names) {
    if (!COMPONENT.test(name)) {
      bad(
        text,
        'a repository is lower-case letters and digits, with single dots, underscores or dashes between',
      );
    }
  }
  if (domain === 'docker.io' && names.length === 1) names.unshift('library');
  const repository = [domain === 'index.docker.io' ? 'docker.io' : domain, ...names].join('/');
  if (repository.length > 255) bad(text, 'a repository is at most 255 characters');
  return repository;
}

function hasControl(text: string): boolean {
  for (const c of text) if (c < ' ' || c === '\x7f') return true;
  return false;
}

function bad(text: string, why: string): never {
  throw new ImageError(
    'ERR_IMAGE_REFERENCE',
    `Cannot parse the image reference ${JSON.stringify(text.slice(0, 200))}: ${why}`,
  );
}
