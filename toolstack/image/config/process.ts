// SPDX-License-Identifier: Apache-2.0
// Merges the image's config and the command line into a process, by podman's rules for entrypoint, command, environment and working directory.
import { ImageError, quoteUntrusted } from '../errors.js';
import type { ImageConfig } from './manifest.js';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ProcessRequest {
  /** The command line's value: absent = the image's, '' = none, a JSON array = a list, else one word. */
  readonly entrypoint?: string | undefined;
  /** The command line's CMD…; empty = the image's. */
  readonly command?: readonly string[];
  /** `KEY=VALUE`; the caller must fill in the value of a `KEY` alone. Takes precedence over the image's. */
  readonly env?: readonly string[];
  /** An absolute path. Takes precedence over the image's. */
  readonly workdir?: string | undefined;
  readonly tty?: boolean;
  /** The value of HOSTNAME. */
  readonly hostname?: string | undefined;
  /** The value of HOME where neither the image nor the command line sets it. */
  readonly home?: string | undefined;
}

export interface ProcessSpec {
  readonly args: string[];
  readonly env: string[];
  readonly cwd: string;
}

/** Throws ERR_IMAGE_COMMAND for an empty command, a working directory that is not absolute, or a variable without `=`. */
export function mergeProcess(
  config: ImageConfig,
  request: ProcessRequest,
  imageName = 'the image',
): ProcessSpec {
  const args = argsOf(config, request);
  if (args.length === 0) {
    throw new ImageError(
      'ERR_IMAGE_COMMAND',
      `No command to run: ${imageName} has no Entrypoint or Cmd that applies; add a command after the image`,
    );
  }
  const cwd = request.workdir ?? (config.workingDir || '/');
  if (!cwd.startsWith('/')) {
    throw new ImageError(
      'ERR_IMAGE_COMMAND',
      `Cannot use the working directory ${quoteUntrusted(cwd)}: give an absolute path`,
    );
  }
  return { args, env: envOf(config, request), cwd };
}

function argsOf(config: ImageConfig, request: ProcessRequest): string[] {
  const command = request.command ?? [];
  if (request.entrypoint !== undefined) {
    const entrypoint = parseEntrypoint(request.entrypoint);
    // podman's rule: '' drops the image's Cmd too, '[]' does not.
    const isEmptyList = entrypoint.length === 0 && request.entrypoint !== '';
    return [...entrypoint, ...(command.length === 0 && isEmptyList ? config.cmd : command)];
  }
  return [...config.entrypoint, ...(command.length > 0 ? command : config.cmd)];
}

function parseEntrypoint(text: string): string[] {
  if (text === '') return [];
  if (!text.trimStart().startsWith('[')) return [text];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [text];
  }
  return Array.isArray(value) && value.every((v) => typeof v === 'string') ? value : [text];
}

function envOf(config: ImageConfig, request: ProcessRequest): string[] {
  const env = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  if (request.tty === true) env.set('TERM', 'xterm');
  if (request.hostname !== undefined) env.set('HOSTNAME', request.hostname);
  for (const item of [...config.env, ...(request.env ?? [])]) {
    const equals = item.indexOf('=');
    if (equals < 1) {
      throw new ImageError(
        'ERR_IMAGE_COMMAND',
        `Cannot set the environment variable ${quoteUntrusted(item)}: write it as KEY=VALUE`,
      );
    }
    env.set(item.slice(0, equals), item.slice(equals + 1));
  }
  if (!env.has('HOME') && request.home !== undefined) env.set('HOME', request.home);
  return [...env].map(([key, value]) => `${key}=${value}`);
}
