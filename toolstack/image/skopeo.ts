// SPDX-License-Identifier: Apache-2.0
// How images come in: skopeo copies them to a dir: folder, which keeps manifests, configs and layers byte for byte whatever their
// format, so that image ids are the same as podman's. Its complaints become one line with a code and a remedy.
import { ImageError, saysNoSpace, type ImageErrorCode } from './errors.js';
import type { ImageReference } from './reference.js';
import { ToolFailure, lastLine, runTool } from './tool.js';

const MANIFEST_MAX = 4 * 1024 * 1024;
const COPY_TIMEOUT_MS = 2 * 60 * 60 * 1000;
const INSPECT_TIMEOUT_MS = 5 * 60 * 1000;

export interface SourceOptions {
  readonly tlsVerify?: boolean | undefined;
  /** Path of an auth.json as `skopeo login` writes it. */
  readonly authFile?: string | undefined;
}

export interface SkopeoOptions extends SourceOptions {
  readonly tmpDir: string;
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Copies an image's manifest, config and layers for this host's platform into the folder `dir`. skopeo verifies every digest. */
export async function copyImage(
  ref: ImageReference,
  dir: string,
  options: SkopeoOptions,
): Promise<void> {
  const args = ['--tmpdir', options.tmpDir, 'copy', '--preserve-digests'];
  if (options.tlsVerify !== undefined) args.push(`--src-tls-verify=${options.tlsVerify}`);
  if (options.authFile !== undefined) args.push('--src-authfile', options.authFile);
  args.push('--', ref.skopeo, `dir:${dir}`);
  await guarded(ref, () => runTool('skopeo', args, { ...options, timeoutMs: COPY_TIMEOUT_MS }));
}

/** The manifest or index that the reference names now, as it is at the source. */
export async function inspectRaw(ref: ImageReference, options: SkopeoOptions): Promise<Buffer> {
  const args = ['--tmpdir', options.tmpDir, 'inspect', '--raw'];
  if (options.tlsVerify !== undefined) args.push(`--tls-verify=${options.tlsVerify}`);
  if (options.authFile !== undefined) args.push('--authfile', options.authFile);
  args.push('--', ref.skopeo);
  const { tmpDir, signal } = options;
  return guarded(ref, () =>
    runTool('skopeo', args, {
      tmpDir,
      signal,
      timeoutMs: INSPECT_TIMEOUT_MS,
      stdoutMax: MANIFEST_MAX,
    }),
  );
}

async function guarded<T>(ref: ImageReference, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof ToolFailure ? explain(ref, error) : error;
  }
}

/** One line of skopeo's log, without its frame; the last is the one that says why. */
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
  explain: (ref: ImageReference, message: string) => string,
];

const RULES: readonly Rule[] = [
  [
    /no image found in (image index|manifest list) for/i,
    'ERR_IMAGE_PLATFORM',
    (ref, message) => `Cannot use image "${ref.name}" on this host: ${message}`,
  ],
  [
    /server gave HTTP response to HTTPS client/i,
    'ERR_IMAGE_UNREACHABLE',
    (ref) =>
      `Cannot pull "${ref.name}": the registry speaks plain HTTP; allow that with --tls-verify=false`,
  ],
  [
    /x509:|certificate/i,
    'ERR_IMAGE_UNREACHABLE',
    (ref, message) =>
      `Cannot pull "${ref.name}": ${message}; put the registry's CA under /etc/containers/certs.d, or use --tls-verify=false`,
  ],
  [
    /unauthorized|authentication required|access to the resource is denied|denied:/i,
    'ERR_IMAGE_DENIED',
    (ref) =>
      `Cannot pull "${ref.name}": the registry has no such image, or asks for a login (skopeo login REGISTRY)`,
  ],
  [
    /manifest unknown|name unknown|no descriptor found|no such image|does not resolve to an image|Tag .* not found|reference .* not found|Identifier is not an image|: not found/i,
    'ERR_IMAGE_NOT_FOUND',
    (ref, message) => `Cannot find image "${ref.name}": ${message}; check the name and the tag`,
  ],
  [
    /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|TLS handshake|connection reset|server misbehaving|5\d\d (Internal|Bad|Service|Gateway)/i,
    'ERR_IMAGE_UNREACHABLE',
    (ref, message) =>
      `Cannot reach the source of "${ref.name}": ${message}; check the address and the network`,
  ],
  [
    /digest did not match|did not match|unexpected EOF|archive\/tar|gzip:|zstd|invalid character|unmarshal|invalid header|checksum|unexpected size|doesn't match|size mismatch|invalid checksum/i,
    'ERR_IMAGE_CORRUPT',
    (ref, message) =>
      `Cannot read image "${ref.name}": it is damaged: ${message}; make or fetch it again`,
  ],
];

function explain(ref: ImageReference, failure: ToolFailure): ImageError {
  const message = fatalMessage(failure.stderr);
  if (saysNoSpace(failure.stderr)) {
    return new ImageError('ERR_IMAGE_NOSPACE', `Cannot pull "${ref.name}": ${message}`, {
      cause: failure,
    });
  }
  for (const [pattern, code, text] of RULES) {
    if (pattern.test(message)) return new ImageError(code, text(ref, message), { cause: failure });
  }
  // What is left for a local path is a file or a folder that is not what its transport promises.
  if (ref.paths.length > 0) {
    return new ImageError('ERR_IMAGE_CORRUPT', `Cannot read image "${ref.name}": ${message}`, {
      cause: failure,
    });
  }
  return new ImageError('ERR_IMAGE_PULL', `Cannot pull "${ref.name}": ${message}`, {
    cause: failure,
  });
}
