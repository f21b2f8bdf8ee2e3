// SPDX-License-Identifier: Apache-2.0
// xl.create and xl.restore: the time of Xen's own tool until the same agent in the same kernel says hello.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentType } from '../../toolstack/agent/wire.js';
import { asDomid, type Domid } from '../../toolstack/base/ids.js';
import { connectAgent } from '../../toolstack/clone/template/boot.js';
import { parseCmdline } from '../../toolstack/clone/template/shape.js';
import { silentLog } from '../../toolstack/base/log.js';
import {
  closeXenHost,
  openXenHost,
  type GuestType,
  type XenHost,
} from '../../toolstack/xen/host.js';
import { repeat, type Samples } from '../measure.js';
import { GUEST, WORK } from '../paths.js';

const NAME = 'bench-xl';
const HELLO_MS = 600_000;

function xl(...words: string[]): string {
  return execFileSync('xl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function domid(): Domid {
  return asDomid(Number(xl('domid', NAME)));
}

export async function measureXl(type: GuestType, count: number): Promise<Samples[]> {
  const host = await openXenHost(silentLog());
  try {
    return await measure(host, type, count);
  } finally {
    await closeXenHost(host);
  }
}

async function measure(host: XenHost, type: GuestType, count: number): Promise<Samples[]> {
  mkdirSync(WORK, { recursive: true });
  const config = join(WORK, 'xl.cfg');
  writeFileSync(
    config,
    [
      ...[`name = "${NAME}"`, `type = "${type}"`, 'memory = 64', 'vcpus = 1'],
      ...[`kernel = "${GUEST}/vmlinux"`, `ramdisk = "${GUEST}/initrd"`],
      `extra = "${parseCmdline(readFileSync(join(GUEST, 'cmdline'), 'utf8'))}"`,
      '',
    ].join('\n'),
  );
  const created = await repeat(count, 1, async () => {
    const begun = performance.now();
    xl('create', '-q', config);
    (await connectAgent(host, domid(), HELLO_MS)).close();
    const took = performance.now() - begun;
    xl('destroy', NAME);
    return took;
  });
  const restored = await measureRestore(host, config, count);
  rmSync(WORK, { recursive: true });
  return [
    { name: 'xl.create', type, unit: 'ms', samples: created },
    { name: 'xl.restore', type, unit: 'ms', samples: restored },
  ];
}

/** Measures a domain that is frozen like a template: saved once, restored `count` times. */
async function measureRestore(host: XenHost, config: string, count: number): Promise<number[]> {
  const file = join(WORK, 'xl.save');
  xl('create', '-q', config);
  const link = await connectAgent(host, domid(), HELLO_MS);
  await link.request(AgentType.FREEZE, Buffer.alloc(0), 'the freeze', HELLO_MS);
  link.close();
  const state = `/local/domain/${domid()}/data/thaw/state`;
  await host.xenstore.waitFor(state, (value) => value === 'frozen', { timeoutMs: HELLO_MS });
  xl('save', NAME, file);
  return await repeat(count, 1, async () => {
    const begun = performance.now();
    xl('restore', '-p', file);
    const restored = domid();
    await host.xenstore.write(`/local/domain/${restored}/data/thaw/wake`, '1');
    xl('unpause', NAME);
    (await connectAgent(host, restored, HELLO_MS)).close();
    const took = performance.now() - begun;
    xl('destroy', NAME);
    return took;
  });
}
