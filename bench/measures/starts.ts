// SPDX-License-Identifier: Apache-2.0
// run.warm, run.frozen, run.injected from the pool, run.cold and run.frozen.cold without a pool: whole commands that run `true`.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../toolstack/base/deadline.js';
import type { GuestType } from '../../toolstack/xen/host.js';
import { repeat, timeCommand, type Samples } from '../measure.js';
import { IMAGE, WORK } from '../paths.js';
import { poolReady, restartThawd } from '../thawd.js';

const NO_POOL = ['--pool', '0', '--pool-max', '0'];
/** Xen clears a dead domain's pages while it is idle. Without a pause the next start pays for that. */
const PAUSE_MS = 300;
const INJECTED_BYTES = 5 * 2 ** 20;

/** Measures with a pool: an image that was run before, one that never was, and a frozen image. */
export async function measureWarm(type: GuestType, count: number): Promise<Samples[]> {
  const frozen = `bench-${type}`;
  await restartThawd([]);
  const injected = imageOf(INJECTED_BYTES);
  try {
    execFileSync('thaw', ['freeze', '--name', frozen, '--type', type, IMAGE, 'true']);
    const images = { warm: idOf(IMAGE), injected: idOf(injected) };
    const run = (image: string) => ['thaw', 'run', '--rm', '--type', type, image, 'true'];
    const timed = async (
      name: string,
      what: { name?: string; type: string },
      command: string[],
    ) => {
      const one = async (): Promise<number> => {
        // The first start of another type makes that type's pool.
        await poolReady(what);
        return timeCommand(1, command)[0] ?? NaN;
      };
      return { name, type, unit: 'ms' as const, samples: await repeat(count, 3, one) };
    };
    for (let i = 0; i < 2; i++) timeCommand(1, run(images.warm));
    return [
      await timed('run.warm', { type }, run(images.warm)),
      await timed('run.injected', { type }, run(images.injected)),
      await timed('run.frozen', { name: frozen, type }, [
        'thaw',
        'run',
        '--rm',
        '--frozen',
        frozen,
      ]),
    ];
  } finally {
    execFileSync('thaw', ['unfreeze', frozen]);
    rmSync(WORK, { recursive: true, force: true });
  }
}

/** Measures without a pool: everything is made for the container. */
export async function measureCold(type: GuestType, count: number): Promise<Samples[]> {
  const frozen = `bench-${type}`;
  await restartThawd(NO_POOL);
  try {
    execFileSync('thaw', ['freeze', '--name', frozen, '--type', type, IMAGE, 'true']);
    const image = idOf(IMAGE);
    const timed = async (name: string, command: string[]) => {
      const one = async (): Promise<number> => {
        await sleep(PAUSE_MS);
        return timeCommand(1, command)[0] ?? NaN;
      };
      return { name, type, unit: 'ms' as const, samples: await repeat(count, 3, one) };
    };
    return [
      await timed('run.cold', ['thaw', 'run', '--rm', '--type', type, image, 'true']),
      await timed('run.frozen.cold', ['thaw', 'run', '--rm', '--frozen', frozen]),
    ];
  } finally {
    execFileSync('thaw', ['unfreeze', frozen]);
    await restartThawd([]);
  }
}

/** Pulls the image and returns its id: checking whether a reference has changed is no part of a start. */
function idOf(reference: string): string {
  execFileSync('thaw', ['pull', '--quiet', reference], { stdio: 'ignore' });
  const images = JSON.parse(execFileSync('thaw', ['images', '--json'], { encoding: 'utf8' })) as {
    id: string;
    names: string[];
  }[];
  const found = images.find(({ names }) => names.includes(reference));
  if (!found) throw new Error(`No image ${reference} after its pull`);
  return found.id.replace(/^sha256:/, '').slice(0, 12);
}

/** Makes an image of busybox and an incompressible file, roughly `bytes` together. */
function imageOf(bytes: number): string {
  mkdirSync(WORK, { recursive: true });
  const layout = join(WORK, 'layout');
  cpSync(IMAGE.replace(/^oci:/, '').replace(/:[^:/]*$/, ''), layout, { recursive: true });
  const file = join(WORK, 'file');
  writeFileSync(file, randomBytes(bytes - 2 * 2 ** 20));
  execFileSync('umoci', ['insert', '--image', `${layout}:latest`, file, '/file']);
  return `oci:${layout}:latest`;
}
