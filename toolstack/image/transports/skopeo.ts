// SPDX-License-Identifier: Apache-2.0
// Runs skopeo, which copies images to and from a dir: folder. The folder keeps manifests, configs and layers of every format byte for byte, so
// that image ids are the same as podman's. Turns skopeo's log into an error of one line, with a code and a remedy.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageError, saysNoSpace, type ImageErrorCode } from '../errors.js';
import type { ImageReference, Transport } from '../reference.js';
import { ToolFailure, lastLine, withoutInput } from '../tool.js';
import { prepare, takeOver } from './skopeo-start.js';

const MANIFEST_MAX = 4 * 1024 * 1024;
const COPY_TIMEOUT_MS = 2 * 60 * 60 * 1000;
const INSPECT_TIMEOUT_MS = 5 * 60 * 1000;
/** The interval of progress reports. */
const LOOK_MS = 200;

export interface SourceOptions {
  readonly tlsVerify?: boolean | undefined;
  /** Path of an auth.json, the file that `skopeo login` writes. */
  readonly authFile?: string | undefined;
}

export interface SkopeoOptions extends SourceOptions {
  readonly tmpDir: string;
  readonly signal: AbortSignal;
  /** Called every LOOK_MS with the bytes copied so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Copies an image's manifest, config and layers for this host's platform into the new folder `dir`. skopeo verifies every digest. */
export async function copyImage(
  ref: ImageReference,
  dir: string,
  options: SkopeoOptions,
): Promise<void> {
  const { tmpDir, tlsVerify, authFile, onBytes } = options;
  await guarded({ name: ref.name, verb: 'pull', isLocal: ref.paths.length > 0 }, async () => {
    const skopeo = await prepare({ ...ref, from: ref.paths }, options);
    // Behind walls skopeo can write in its own folder only.
    const target = join(skopeo.own ?? tmpDir, 'image');
    const args = ['--tmpdir', skopeo.own ?? tmpDir, 'copy', '--quiet', '--preserve-digests'];
    if (tlsVerify !== undefined) args.push(`--src-tls-verify=${tlsVerify}`);
    if (authFile !== undefined) args.push('--src-authfile', authFile);
    args.push('--', ref.skopeo, `dir:${target}`);
    const limits = { ...options, timeoutMs: COPY_TIMEOUT_MS };
    const work = async (): Promise<unknown> => withoutInput(await skopeo.start(args, limits));
    await watching(onBytes, () => bytesIn(target), work);
    await takeOver(target, dir);
  });
}

export interface Target {
  /** The target's skopeo reference; paths are absolute. */
  readonly skopeo: string;
  readonly transport: Transport;
  /** The file or folder to make; undefined for other targets. */
  readonly path?: string | undefined;
  /** The target's name in messages. */
  readonly name: string;
  readonly verb: 'push' | 'save';
}

/**
 * Copies the image in the folder `dir` to `target`. skopeo checked its policy at the pull; a policy for the folder would mean nothing.
 * Compressed layers stay unchanged, and so does the manifest's digest.
 */
export async function copyOut(dir: string, target: Target, options: SkopeoOptions): Promise<void> {
  const { tmpDir, tlsVerify, authFile, onBytes } = options;
  await guarded({ ...target, isLocal: false }, async () => {
    const skopeo = await prepare({ ...target, from: [dir], makes: target.path }, options);
    const args = ['--tmpdir', skopeo.own ?? tmpDir, '--insecure-policy', 'copy', '--quiet'];
    if (tlsVerify !== undefined) args.push(`--dest-tls-verify=${tlsVerify}`);
    if (authFile !== undefined) args.push('--dest-authfile', authFile);
    args.push('--', `dir:${dir}`, target.skopeo);
    const running = await skopeo.start(args, { ...options, timeoutMs: COPY_TIMEOUT_MS });
    const { pid } = running.child;
    await watching(
      onBytes,
      () => (pid === undefined ? Promise.resolve(0) : bytesRead(pid)),
      () => withoutInput(running),
    );
  });
}

/** Runs `work`, and passes the result of `measure` to `onBytes` every LOOK_MS. Ignores failures of `measure`. */
async function watching(
  onBytes: ((bytes: number) => void) | undefined,
  measure: () => Promise<number>,
  work: () => Promise<unknown>,
): Promise<void> {
  const look = (): void => void measure().then(onBytes, () => undefined);
  const timer = onBytes && setInterval(look, LOOK_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

async function bytesIn(dir: string): Promise<number> {
  const sizes = (await readdir(dir)).map((name) => stat(join(dir, name)).then(({ size }) => size));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Resolves with the bytes that a process and its children have read so far. The registry's answers to skopeo are small beside the layers. */
async function bytesRead(pid: number): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const theirs = await Promise.all(
    children.trim().split(' ').filter(Boolean).map(Number).map(bytesRead),
  );
  return theirs.reduce((sum, bytes) => sum + bytes, Number(/^rchar: (\d+)$/m.exec(io)?.[1] ?? 0));
}

/** Resolves with the raw manifest or index that the reference names at the source now. */
export async function inspectRaw(ref: ImageReference, options: SkopeoOptions): Promise<Buffer> {
  const { tmpDir, signal, tlsVerify, authFile } = options;
  return guarded({ name: ref.name, verb: 'pull', isLocal: ref.paths.length > 0 }, async () => {
    const skopeo = await prepare({ ...ref, from: ref.paths }, options);
    const args = ['--tmpdir', skopeo.own ?? tmpDir, 'inspect', '--raw'];
    if (tlsVerify !== undefined) args.push(`--tls-verify=${tlsVerify}`);
    if (authFile !== undefined) args.push('--authfile', authFile);
    args.push('--', ref.skopeo);
    const limits = { tmpDir, signal, timeoutMs: INSPECT_TIMEOUT_MS, stdoutMax: MANIFEST_MAX };
    return withoutInput(await skopeo.start(args, limits));
  });
}

/** The image and the action, for messages. */
interface Subject {
  readonly name: string;
  readonly verb: 'pull' | 'push' | 'save';
  /** True for a reference to a path of this host. */
  readonly isLocal: boolean;
}

async function guarded<T>(subject: Subject, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof ToolFailure ? explain(subject, error) : error;
  }
}

/** Returns the message of the last line of skopeo's log, which gives the reason. */
export function fatalMessage(stderr: string): string {
  const line = lastLine(stderr);
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  if (quoted === undefined) return line.slice(0, 500);
  try {
    return String(JSON.parse(quoted)).replace(/\s+/g, ' ').slice(0, 500);
  } catch {
    return quoted.slice(1, -1).slice(0, 500);
  }
}

type Rule = readonly [
  pattern: RegExp,
  code: ImageErrorCode,
  explain: (subject: Subject, message: string) => string,
];

const RULES: readonly Rule[] = [
  [
    /no image found in (image index|manifest list) for/i,
    'ERR_IMAGE_PLATFORM',
    ({ name }, message) => `Cannot use image "${name}" on this host: ${message}`,
  ],
  [
    /server gave HTTP response to HTTPS client/i,
    'ERR_IMAGE_UNREACHABLE',
    ({ name, verb }) =>
      `Cannot ${verb} "${name}": the registry speaks plain HTTP; allow that with --tls-verify=false`,
  ],
  [
    /x509:|certificate/i,
    'ERR_IMAGE_UNREACHABLE',
    ({ name, verb }, message) =>
      `Cannot ${verb} "${name}": ${message}; put the registry's CA under /etc/containers/certs.d, or use --tls-verify=false`,
  ],
  [
    /unauthorized|authentication required|access to the resource is denied|denied:/i,
    'ERR_IMAGE_DENIED',
    ({ name, verb }) =>
      verb === 'pull'
        ? `Cannot pull "${name}": the registry has no such image, or asks for a login (skopeo login REGISTRY)`
        : `Cannot ${verb} "${name}": the registry does not let this login, or none, write there (skopeo login REGISTRY)`,
  ],
  [
    /manifest unknown|name unknown|no descriptor found|no such image|does not resolve to an image|Tag .* not found|reference .* not found|Identifier is not an image|: not found/i,
    'ERR_IMAGE_NOT_FOUND',
    ({ name }, message) => `Cannot find image "${name}": ${message}; check the name and the tag`,
  ],
  [
    /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|TLS handshake|connection reset|server misbehaving|5\d\d (Internal|Bad|Service|Gateway)/i,
    'ERR_IMAGE_UNREACHABLE',
    ({ name, verb }, message) =>
      `Cannot reach the ${verb === 'pull' ? 'source of' : 'registry of'} "${name}": ${message}; check the address and the network`,
  ],
  [
    /digest did not match|did not match|unexpected EOF|archive\/tar|gzip:|zstd|invalid character|unmarshal|invalid header|checksum|unexpected size|doesn't match|size mismatch|invalid checksum/i,
    'ERR_IMAGE_CORRUPT',
    ({ name }, message) =>
      `Cannot read image "${name}": it is damaged: ${message}; make or fetch it again`,
  ],
];

function explain(subject: Subject, failure: ToolFailure): ImageError {
  const { name, verb, isLocal } = subject;
  const message = fatalMessage(failure.stderr);
  const error = (code: ImageErrorCode, text: string): ImageError =>
    new ImageError(code, text, { cause: failure });
  if (saysNoSpace(failure.stderr))
    return error('ERR_IMAGE_NOSPACE', `Cannot ${verb} "${name}": ${message}`);
  for (const [pattern, code, text] of RULES)
    if (pattern.test(message)) return error(code, text(subject, message));
  // For a local path, any other error means a file or folder that does not have the transport's format.
  if (isLocal)
    return error(
      'ERR_IMAGE_CORRUPT',
      `Cannot read image "${name}": ${message}; make or fetch it again`,
    );
  const code = verb === 'pull' ? 'ERR_IMAGE_PULL' : 'ERR_IMAGE_PUSH';
  return error(code, `Cannot ${verb} "${name}": ${message}`);
}
