// SPDX-License-Identifier: Apache-2.0
// Lets containers of a network find each other by name: writes files for aardvark-dns, podman's name server, and signals it when they change.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withDeadline } from '../../base/deadline.js';
import { removeTemporaries, writeAtomic } from '../../base/files.js';
import { describeError, errorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { printable } from '../../base/text.js';
import type { Attachment } from '../attachment.js';
import { NetworkError } from '../errors.js';

/** The path of aardvark-dns, in the folder of Debian or of other distributions. */
export const AARDVARK = ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns'].find(
  (path) => existsSync(path),
);

/** The server's own file in the folder. */
const PID_FILE = 'aardvark.pid';

/** Gathers changes for this time: a container that ends sooner needs no name. */
const GATHER_MS = 300;

/** One network as the name server knows it. */
export interface Zone {
  network: string;
  /** The addresses at which the server listens. */
  gateways: string[];
  members: Pick<Attachment, 'id' | 'addresses' | 'names'>[];
}

export class NameServer {
  readonly #folder: string;
  readonly #log: Log;
  readonly #program: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #zones: () => Zone[] = () => [];
  #writing: Promise<void> = Promise.resolve();

  /** Without a `program` this host has no name server. */
  constructor(folder: string, log: Log, program: string | undefined) {
    this.#folder = folder;
    this.#log = log;
    this.#program = program;
  }

  /** True when this host has a name server for containers. */
  get isThere(): boolean {
    return this.#program !== undefined;
  }

  /** Writes the zones after GATHER_MS, and calls `zones` only then. */
  change(zones: () => Zone[]): void {
    if (!this.isThere) return;
    this.#zones = zones;
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    this.#timer.unref();
  }

  /** Writes the latest zones. The server keeps running: it answers without thawd too. */
  async close(): Promise<void> {
    if (this.#timer) this.#flush();
    await this.#writing;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing
      .then(() => this.#write(this.#zones()))
      .catch((error: unknown) => {
        this.#log.warn(`Containers may not be found by name: ${describeError(error)}`);
      });
  }

  async #write(zones: Zone[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    // The server reads every file in the folder as a network.
    await removeTemporaries(this.#folder);
    // A network may be removed before its last container's name was.
    const known = new Set([PID_FILE, ...zones.map(({ network }) => network)]);
    for (const name of await readdir(this.#folder))
      if (!known.has(name)) await rm(join(this.#folder, name), { force: true });
    for (const zone of zones) {
      const path = join(this.#folder, zone.network);
      // The server ends by itself when no file remains.
      if (zone.members.length === 0) await rm(path, { force: true });
      else await writeAtomic(path, zoneText(zone), { lasts: false });
    }
    const pid = await this.#runningPid();
    if (pid !== undefined) process.kill(pid, 'SIGHUP');
    else if (zones.some(({ members }) => members.length > 0)) await this.#start();
  }

  async #runningPid(): Promise<number | undefined> {
    try {
      const pid = Number(await readFile(join(this.#folder, PID_FILE), 'utf8'));
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes(this.#folder) ? pid : undefined;
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  /** Starts the server, which daemonizes once its sockets are open. Its output goes to a file beside its folder. */
  async #start(): Promise<void> {
    const args = ['--config', this.#folder, '--port', '53', 'run'];
    const log = await open(`${this.#folder}.log`, 'w', 0o600);
    try {
      const stdio = ['ignore', log.fd, log.fd] as const;
      const child = spawn(this.#program ?? '', args, { stdio: [...stdio], cwd: '/' });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      });
      try {
        const status = await withDeadline(ended, START_MS, 'aardvark-dns does not start');
        if (status === 0) return;
      } catch (error) {
        child.kill('SIGKILL');
        throw error;
      }
    } finally {
      await log.close();
    }
    const said = printable(await readFile(`${this.#folder}.log`), 500);
    throw new NetworkError('ERR_NETWORK_TOOL', `aardvark-dns does not start: ${said}`);
  }
}

const START_MS = 30_000;

/** Returns a file for aardvark-dns: a line with the gateways, then a line for each container: id, IPv4, IPv6, names. Pure. */
export function zoneText({ gateways, members }: Zone): string {
  const lines = members.map(({ id, addresses, names }) => {
    const [four, six] = ([4, 6] as const).map((family) =>
      addresses
        .filter((address) => address.family === family)
        .map(({ address }) => address)
        .join(','),
    );
    return `${id} ${four} ${six} ${names.join(',')}`;
  });
  return [gateways.join(','), ...lines, ''].join('\n');
}
