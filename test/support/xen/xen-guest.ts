// SPDX-License-Identifier: Apache-2.0
// A real domain whose PID 1 is the agent, made by xl and reached over vchan: for tests that run in dom0 of a Xen host.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AgentType,
  decodeHello,
  XS_CONTROL,
  XS_DATA,
  type Hello,
} from '../../../toolstack/agent/wire.js';
import { AgentClient } from '../agent/agent-client.js';
import { FrameSocket } from '../shim/frame-socket.js';
import { until } from '../within.js';

/** The folder of the guest's kernel, initrd, cmdline, vchan-bridge and layers: THAW_TEST_GUEST. */
export const GUEST = process.env['THAW_TEST_GUEST'] ?? '/mnt/guest';

export function xl(...args: string[]): string {
  return execFileSync('xl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export function readNode(domid: number, path: string): string | undefined {
  try {
    return execFileSync('xenstore-read', [`/local/domain/${domid}/${path}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trimEnd();
  } catch {
    return undefined;
  }
}

export interface GuestOptions {
  type: 'pv' | 'pvh';
  memoryMib?: number;
  vcpus?: number;
}

let guests = 0;

export class XenGuest extends AgentClient {
  readonly run = '/run/thaw';
  domid: number;
  readonly #bridges: ChildProcess[] = [];

  private constructor(
    readonly name: string,
    readonly folder: string,
    domid: number,
  ) {
    super();
    this.domid = domid;
  }

  static async boot(options: GuestOptions): Promise<XenGuest> {
    if (!existsSync(join(GUEST, 'vmlinux')))
      throw new Error(
        `Cannot find ${GUEST}/vmlinux: these tests run in dom0 of a Xen host, see docs/agent-protocol.md`,
      );
    const name = `thaw-test-${process.pid}-${guests++}`;
    const folder = mkdtempSync(join(tmpdir(), 'thaw-guest-'));
    const memory = options.memoryMib ?? 64;
    const config = [
      `name = "${name}"`,
      `type = "${options.type}"`,
      `kernel = "${GUEST}/vmlinux"`,
      `ramdisk = "${GUEST}/initrd"`,
      `cmdline = "${readFileSync(join(GUEST, 'cmdline'), 'utf8').trim()}"`,
      `memory = ${memory}`,
      `maxmem = ${memory}`,
      `vcpus = ${options.vcpus ?? 1}`,
      'on_crash = "preserve"',
    ];
    writeFileSync(join(folder, 'config'), config.join('\n'));
    xl('create', join(folder, 'config'));
    const guest = new XenGuest(name, folder, domidOf(name));
    try {
      await eventually('the agent runs', () => guest.state() === 'running', 120_000);
    } catch (error) {
      guest.destroy();
      throw error;
    }
    return guest;
  }

  state(): string | undefined {
    return readNode(this.domid, 'data/thaw/state');
  }

  async connect(name: 'control' | 'data'): Promise<{ socket: FrameSocket; hello: Hello }> {
    const path = name === 'control' ? XS_CONTROL : XS_DATA;
    const bridge = spawn(join(GUEST, 'vchan-bridge'), [String(this.domid), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#bridges.push(bridge);
    const duplex = Duplex.from({ writable: bridge.stdin, readable: bridge.stdout });
    const socket = new FrameSocket(duplex as unknown as Socket, 4194304);
    const frame = await socket.nextOf(AgentType.HELLO, 30_000);
    return { socket, hello: decodeHello(frame.payload) };
  }

  /** Ends both bridges and waits until they have unmapped the rings. */
  async disconnect(): Promise<void> {
    await Promise.all(
      this.#bridges.splice(0).map(async (bridge) => {
        bridge.stdin?.end();
        await until(
          'the bridge ends',
          () => bridge.exitCode !== null || bridge.signalCode !== null,
        );
      }),
    );
  }

  /** FREEZE, disconnect, wait for "frozen". */
  async freeze(): Promise<void> {
    await this.request(AgentType.FREEZE);
    await this.disconnect();
    await eventually('it is frozen', () => this.state() === 'frozen', 60_000);
  }

  wake(): void {
    execFileSync('xenstore-write', [`/local/domain/${this.domid}/data/thaw/wake`, '1']);
  }

  /** Runs xl save and xl restore, the way of a clone without thaw. */
  saveAndRestore({ isPaused = false } = {}): void {
    const file = join(this.folder, 'image');
    xl('save', this.name, file);
    xl('restore', ...(isPaused ? ['-p'] : []), file);
    this.domid = domidOf(this.name);
  }

  /** Attaches a file as a read-only disk. */
  attach(device: string, file: string): void {
    xl(
      'block-attach',
      this.name,
      `format=raw,vdev=${device},access=r,script=${GUEST}/block-file,target=${file}`,
    );
  }

  console(): string {
    return readFileSync(`/var/log/xen/console/guest-${this.name}.log`, 'utf8');
  }

  #isThere(): boolean {
    return xl('list').includes(`${this.name} `);
  }

  destroy(): void {
    for (const bridge of this.#bridges) bridge.kill();
    try {
      if (this.#isThere()) xl('destroy', this.name);
    } catch (error) {
      // The domain may have ended by itself between the look and the call.
      if (this.#isThere()) throw error;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits like until(), with longer pauses: each check is a process, and dom0 is an emulated machine. */
export async function eventually(
  what: string,
  isTrue: () => boolean,
  timeoutMs: number,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`Waited ${timeoutMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function domidOf(name: string): number {
  return Number(xl('domid', name));
}
