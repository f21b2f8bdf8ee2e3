// SPDX-License-Identifier: Apache-2.0
// The walls around skopeo: its configuration, the logins, and the files of one copy. It has the network only for a registry.

import { chown, mkdir, mkdtemp, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { GIB, READ_CAPS, READ_RIGHTS, TREE_RIGHTS, type Walls } from '../tool-walls.js';

/** The files of one copy. */
export interface CopyFiles {
  /** Files and folders that skopeo reads. */
  readonly reads: readonly string[];
  /** skopeo's own folder, which belongs to `uid`: from walledUid(), or 0 to make a file of root's. */
  readonly own: string;
  readonly uid: number;
  /** The file or folder elsewhere that skopeo makes, with uid 0. */
  readonly makes?: string | undefined;
  readonly authFile?: string | undefined;
  readonly hasNetwork: boolean;
}

const POLICY = '/etc/containers/policy.json';
const CONFIGURATION = [
  ...['/etc/containers', '/etc/docker/certs.d', '/var/lib/containers/sigstore'],
  ...['/etc/ssl/certs', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem', '/etc/ssl/openssl.cnf'],
  ...['/etc/pki/tls/certs', '/etc/pki/tls/cacert.pem', '/etc/pki/ca-trust', '/etc/crypto-policies'],
  ...['/etc/resolv.conf', '/etc/hosts', '/etc/host.conf', '/etc/nsswitch.conf', '/etc/gai.conf'],
  ...['/etc/services', '/etc/protocols', '/etc/passwd', '/etc/group', '/etc/localtime'],
  ...['/dev/urandom', '/dev/random'],
];
const REGISTRIES = ['/etc/containers/registries.conf', '/etc/containers/registries.conf.d'];
const SAVE_CAPS = `${READ_CAPS},+dac_override`;
/** Go starts a thread for each CPU, and for each blocking call. */
const LIMITS = { memoryBytes: 4 * GIB, processes: 1024 };

/** Resolves with the walls of a copy. */
export async function skopeoWalls(files: CopyFiles): Promise<Walls> {
  const { reads, own, uid, makes, authFile, hasNetwork } = files;
  const settings = [...CONFIGURATION, ...loginFiles(authFile), ...(await keyFiles())];
  const { SSL_CERT_FILE = '', SSL_CERT_DIR = '' } = process.env;
  const read = [...settings, SSL_CERT_FILE, ...SSL_CERT_DIR.split(':'), ...reads];
  const rules = [
    ...(await Promise.all(read.filter((path) => path !== '').map(readRule))).flat(),
    `${TREE_RIGHTS}:${own}`,
    // gpg, which checks signatures, cannot start without it.
    'read-file,write-file:/dev/null',
    ...(makes === undefined ? [] : [`${TREE_RIGHTS}:${await existing(dirname(makes))}`]),
  ];
  // Root may give a file to a folder of another user's.
  if (uid === 0) return { uid, caps: SAVE_CAPS, rules, policy: 'saver', ...LIMITS };
  const policy = hasNetwork ? 'network' : 'copier';
  return { uid, caps: READ_CAPS, rules, policy, hasNetwork, ...LIMITS };
}

/** Returns skopeo's environment: the host's proxies and certificates, root's home for its logins, and skopeo's own folder for all that it writes. */
export function skopeoEnv(own: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^((https?|no|all)_proxy|SSL_CERT_(FILE|DIR)|XDG_RUNTIME_DIR|DOCKER_CONFIG|REGISTRY_AUTH_FILE)$/i.test(
      name,
    ),
  );
  return {
    ...Object.fromEntries(kept),
    HOME: homedir(),
    TMPDIR: own,
    ...(process.env['XDG_RUNTIME_DIR'] ? {} : { XDG_RUNTIME_DIR: own }),
    XDG_DATA_HOME: own,
    XDG_CACHE_HOME: own,
    // glibc reserves 64 MiB of address space for each thread otherwise.
    MALLOC_ARENA_MAX: '2',
  };
}

/** True when skopeo asks other programs for logins: these read files and sockets of root's that no rule names. */
export async function usesHelpers(authFile: string | undefined): Promise<boolean> {
  const files = [...loginFiles(authFile), ...(await filesIn(REGISTRIES))];
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8').catch(() => '')));
  return texts.some((text) =>
    /^[^#\n]*\b(credHelpers|credsStore|credential-helpers)\b/m.test(text),
  );
}

/** Makes skopeo's folder below `tmpDir`. skopeo finds root's login there, which it would look for elsewhere as another user. */
export async function makeOwnFolder(tmpDir: string, uid: number): Promise<string> {
  const own = await mkdtemp(join(tmpDir, 'skopeo-'));
  await mkdir(join(own, 'containers'), { mode: 0o755 });
  await symlink(ROOTS_LOGIN, join(own, 'containers', 'auth.json'));
  await chown(own, uid, uid);
  return own;
}

const ROOTS_LOGIN = '/run/containers/0/auth.json';

/** The files in which skopeo looks for a login (containers-auth.json(5)). */
function loginFiles(authFile: string | undefined): string[] {
  if (authFile !== undefined) return [authFile];
  const { REGISTRY_AUTH_FILE = '', DOCKER_CONFIG = '', XDG_RUNTIME_DIR = '' } = process.env;
  const home = ['.config/containers', '.docker/config.json', '.dockercfg'];
  return [
    ...(REGISTRY_AUTH_FILE === '' ? [] : [REGISTRY_AUTH_FILE]),
    ...(DOCKER_CONFIG === '' ? [] : [join(DOCKER_CONFIG, 'config.json')]),
    XDG_RUNTIME_DIR === '' ? ROOTS_LOGIN : join(XDG_RUNTIME_DIR, 'containers', 'auth.json'),
    ...home.map((path) => join(homedir(), path)),
  ];
}

/** Resolves with the paths in the signature policy: public keys, wherever the administrator keeps them. */
async function keyFiles(): Promise<string[]> {
  const text = await readFile(POLICY, 'utf8').catch(() => '');
  return [...text.matchAll(/"(\/[^"\\]+)"/g)].flatMap(([, path]) => path ?? []);
}

/** Resolves with a rule for a file or folder, none for a missing one: a rule for a file must not speak of folders. */
async function readRule(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return [];
  return [`${found.isDirectory() ? READ_RIGHTS : 'read-file'}:${path}`];
}

/** Resolves with the path, or with the nearest folder above it that exists. */
async function existing(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found || path === dirname(path) ? path : existing(dirname(path));
}

/** Resolves with a file itself, and with the files of a folder. */
async function filesIn(paths: readonly string[]): Promise<string[]> {
  const lists = paths.map((path) =>
    readdir(path).then(
      (names) => names.map((name) => join(path, name)),
      () => [path],
    ),
  );
  return (await Promise.all(lists)).flat();
}
