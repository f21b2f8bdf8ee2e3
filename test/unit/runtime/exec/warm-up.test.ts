// SPDX-License-Identifier: Apache-2.0
// The command before a freeze runs in the container's shell and keeps stdout free. Its failure fails the freeze.

import test, { type ExecutionContext } from 'ava';
import type { ExecRequest } from '../../../../toolstack/agent/wire-process.js';
import type { ExitStatus } from '../../../../toolstack/api/wire.js';
import { runBefore } from '../../../../toolstack/runtime/exec/warm-up.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { runFailureStatus } from '../../../../toolstack/runtime/errors.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { containerServices } from '../../../support/runtime/container-services.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

async function runWith(t: ExecutionContext, exit: ExitStatus | undefined) {
  const { services, records } = await containerServices(t);
  const container = new Container(containerRecord(), records, services.log);
  const args: string[][] = [];
  container.sandbox = {
    shimSocket: '/s',
    exec: (request: ExecRequest) => {
      args.push((JSON.parse(request.processJson) as { args: string[] }).args);
      setImmediate(() =>
        exit ? container.shimEvents.onExit(request.process, exit) : container.lose('destroyed'),
      );
      return Promise.resolve();
    },
    shim: { expect: () => Promise.resolve() },
  } as unknown as Sandbox;
  const { client } = fakeClient();
  return { args, outcome: runBefore(services, container, 'warm "$X"', client) };
}

test('the command is one word for a shell, whose output goes to stderr', async (t) => {
  const { args, outcome } = await runWith(t, { kind: 'exited', code: 0 });
  await t.notThrowsAsync(outcome);
  t.deepEqual(args, [['sh', '-c', 'exec 1>&2; exec sh -c "$0"', 'warm "$X"']]);
});

test('how it ended is said, and is the status', async (t) => {
  const cases: [ExitStatus | undefined, RegExp, number][] = [
    [{ kind: 'exited', code: 9 }, /"web": the command of --after ended with status 9/, 9],
    [{ kind: 'signaled', signal: 15 }, /was killed by signal 15/, 143],
    [undefined, /was lost/, 125],
  ];
  for (const [exit, message, status] of cases) {
    const { outcome } = await runWith(t, exit);
    const error = await t.throwsAsync(outcome, { code: 'ERR_FREEZE_AFTER', message });
    t.is(runFailureStatus(error), status);
  }
});
