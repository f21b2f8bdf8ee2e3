// SPDX-License-Identifier: Apache-2.0
// A container that runs in a sandbox which records its calls, and ends at the chosen signals.

import type { ExecutionContext } from 'ava';
import { Container } from '../../../toolstack/runtime/lifecycle/container.js';
import { INIT_PROCESS } from '../../../toolstack/sandbox/shim/execs.js';
import type { ContainerRecord } from '../../../toolstack/runtime/store/record.js';
import type { Sandbox } from '../../../toolstack/sandbox/sandbox.js';
import { containerRecord } from './container-record.js';
import { containerServices } from './container-services.js';

export async function runningContainer(
  t: ExecutionContext,
  change: Partial<ContainerRecord> = {},
  endsAt: number[] = [15],
) {
  const all = await containerServices(t);
  const record = containerRecord({ started: 1, ...change });
  const container = new Container(record, all.records, all.services.log);
  const calls: unknown[][] = [];
  container.sandbox = {
    domid: 9,
    shimSocket: '/s',
    shim: {
      signal: (process: number, signal: number) => {
        calls.push(['signal', process, signal]);
        const exit = { kind: 'signaled', signal } as const;
        if (endsAt.includes(signal))
          setImmediate(() => container.shimEvents.onExit(INIT_PROCESS, exit));
      },
    },
    rename: (name: string) => Promise.resolve(void calls.push(['rename', name])),
    onDeath: () => ({ close: () => undefined }),
    destroy: () => Promise.resolve(void calls.push(['destroy'])),
  } as unknown as Sandbox;
  await all.records.save(record);
  all.manager.watchOver(container);
  let hasEnded = false;
  void container.ended.then(() => (hasEnded = true));
  // Its end is recorded last, and then the folder is removed.
  t.teardown(() => (hasEnded ? container.finished : undefined));
  return { ...all, container, record, calls };
}
