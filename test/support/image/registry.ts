// SPDX-License-Identifier: Apache-2.0
// A real registry for a test: Debian's docker-registry on a free port of 127.0.0.1, with its storage in a folder that the test's end removes.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS = 60_000;
/** The name and the password of these tests' registries. */
export const REGISTRY_LOGIN = 'tester:secret';
/** The same, with the password hashed by bcrypt. */
const LOGIN_HASHED = 'tester:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';

export class Registry {
  /** HOST:PORT, plain HTTP. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #dir: string;

  private constructor(address: string, child: ChildProcess, dir: string) {
    this.address = address;
    this.#child = child;
    this.#dir = dir;
  }

  /** Starts a registry; resolves when it answers. With `login` it accepts only REGISTRY_LOGIN. */
  static async start({ login = false } = {}): Promise<Registry> {
    for (let tries = 1; ; tries++) {
      try {
        return await Registry.#start(login);
      } catch (error) {
        // Another process may take the port between its choice and its use.
        if (tries === 5 || !/address already in use/.test(String(error))) throw error;
      }
    }
  }

  static async #start(login: boolean): Promise<Registry> {
    const dir = await mkdtemp(join(tmpdir(), 'thaw-registry-'));
    const address = `127.0.0.1:${await freePort()}`;
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(dir, 'storage') }, delete: { enabled: true } },
      http: { addr: address },
      ...(login ? { auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } } } : {}),
    };
    await writeFile(join(dir, 'htpasswd'), `${LOGIN_HASHED}\n`);
    // JSON is YAML.
    await writeFile(join(dir, 'config.yml'), JSON.stringify(config));
    const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`docker-registry ended: ${stderr}`)));
    });
    failed.catch(() => undefined);
    await Promise.race([answers(address), failed]);
    return new Registry(address, child, dir);
  }

  /** Copies an image into the registry by skopeo; returns the reference to pull it by. */
  async push(source: string, name: string, ...args: string[]): Promise<string> {
    const reference = `${this.address}/${name}`;
    await run('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      ...args,
      source,
      `docker://${reference}`,
    ]);
    return reference;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}

async function answers(address: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline;) {
    const isUp = await fetch(`http://${address}/v2/`).then(
      (r) => r.ok || r.status === 401,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error(`docker-registry does not answer at ${address}`);
}
