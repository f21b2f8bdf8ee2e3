// SPDX-License-Identifier: Apache-2.0
// A running sandbox for tests that copy it: an agent that holds and wakes, a shim that pauses, a domain that suspends.

import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { AgentType, Wake, XS_STATE, XS_WAKE } from '../../../toolstack/agent/wire.js';
import { RESIZE_BYTES } from '../../../toolstack/agent/wire-guest.js';
import type { Sandbox } from '../../../toolstack/sandbox/sandbox.js';
import { containerServices } from './container-services.js';
import { containerRecord } from './container-record.js';
import { pvhStream } from '../xen/template-stream.js';

export const DOMID = 9;
const BASE = `/local/domain/${DOMID}`;

/** `log` has the calls in order. The call that `failure` names throws its error. */
export async function copiedSandbox(
  t: ExecutionContext,
  failure: Partial<Record<'hold' | 'pause' | 'saveFids' | 'suspend', Error>> = {},
) {
  const all = await containerServices(t);
  const { libxl, services } = all;
  const { xenstore } = services.sandbox.host;
  const record = containerRecord();
  const { uuid } = record.sandbox;
  record.sandbox.domid = DOMID;
  libxl.add({ domid: DOMID, uuid, name: 'web' });
  await xenstore.write(`${BASE}/vm`, `/vm/${uuid}`);
  await xenstore.write(`${BASE}/${XS_STATE}`, 'running');
  const log: string[] = [];
  const note = (what: keyof typeof failure, more = ''): void => {
    log.push(`${what}${more}`);
    if (failure[what]) throw failure[what];
  };
  let isHeld = false;
  const link = {
    request: async (type: number, payload?: Buffer): Promise<Buffer> => {
      await Promise.resolve();
      if (type === AgentType.HOLD) note('hold', payload?.includes('files') ? ' with files' : '');
      isHeld ||= type === AgentType.HOLD;
      const size = Buffer.alloc(RESIZE_BYTES);
      size.writeBigUInt64LE(90_000n, 0);
      return size;
    },
    // Both sides have released the agent, so it freezes.
    close: () => {
      if (isHeld) void xenstore.write(`${BASE}/${XS_STATE}`, 'frozen');
      isHeld = false;
    },
  };
  libxl.onSuspend = (fd) => {
    note('suspend');
    writeFileSync(`/proc/self/fd/${fd}`, pvhStream());
  };
  const resume = libxl.domainResume.bind(libxl);
  libxl.domainResume = (domid) => {
    log.push('resume');
    return resume(domid);
  };
  const hooks = { onWake: (): void => undefined };
  const wake = async (): Promise<void> => {
    for (;;) {
      await xenstore.waitFor(`${BASE}/${XS_WAKE}`, (value) => value === Wake.SAME);
      log.push('wake');
      hooks.onWake();
      // A suspended domain does nothing.
      while (libxl.domains.get(DOMID)?.shutdown) await delay(10);
      await xenstore.rm(`${BASE}/${XS_WAKE}`);
      await xenstore.write(`${BASE}/${XS_STATE}`, 'running');
    }
  };
  // Until the test ends and xenstore with it.
  void wake().catch(() => undefined);
  const sandbox = {
    domid: DOMID,
    record: record.sandbox,
    // The sandbox's memory is known only after this write.
    written: () => xenstore.write(`${BASE}/memory/target`, '98304'),
    agent: () => Promise.resolve(link),
    shim: {
      pause: async () => {
        await Promise.resolve();
        note('pause');
      },
      saveFids: async (_device: number, path: string) => {
        await Promise.resolve();
        note('saveFids', ` ${path}`);
      },
      resumeShares: () => Promise.resolve(void log.push('go on')),
      waitUp: () => Promise.resolve(void log.push('up')),
      status: () => Promise.resolve({ state: 'up', processes: [] }),
    },
    writeBack: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
    // SAFETY: the copying code uses nothing else of it.
  } as unknown as Sandbox;
  return { ...all, record, sandbox, log, hooks };
}
