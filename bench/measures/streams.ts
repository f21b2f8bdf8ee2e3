// SPDX-License-Identifier: Apache-2.0
// stream.throughput: a container's standard output into a file in dom0, log included.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestType } from '../../toolstack/xen/host.js';
import { repeat, type Samples } from '../measure.js';
import { IMAGE, WORK } from '../paths.js';

const MIB = 2 ** 20;

/** Measures from the container's first byte to the end of thaw, without the start; MiB a second. */
export async function measureStream(type: GuestType, count: number, mib: number): Promise<Samples> {
  mkdirSync(WORK, { recursive: true });
  const path = join(WORK, 'stream');
  try {
    const one = async (): Promise<number> => {
      const out = openSync(path, 'w');
      // Not head, since busybox's head copies single bytes.
      const script = `read go; dd if=/dev/zero bs=64k count=${mib * 16} 2>/dev/null`;
      const words = ['run', '--rm', '-i', '--type', type, '--memory', '64m', IMAGE];
      const child = spawn('thaw', [...words, 'sh', '-c', `echo up >&2; ${script}`], {
        stdio: ['pipe', out, 'pipe'],
      });
      closeSync(out);
      const ended = once(child, 'close');
      if (!child.stderr || !child.stdin) throw new Error('No pipe to thaw');
      await Promise.race([once(child.stderr, 'data'), ended]);
      const begun = performance.now();
      child.stdin.end('go\n');
      const [status] = (await ended) as [number | null];
      const ms = performance.now() - begun;
      if (status !== 0 || statSync(path).size !== mib * MIB)
        throw new Error(`The stream is ${statSync(path).size} bytes, thaw ended with ${status}`);
      return (mib * 1000) / ms;
    };
    const samples = await repeat(count, 1, one);
    return { name: 'stream.throughput', type, unit: 'MiB/s', samples };
  } finally {
    rmSync(WORK, { recursive: true, force: true });
  }
}
