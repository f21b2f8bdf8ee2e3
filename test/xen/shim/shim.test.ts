// SPDX-License-Identifier: Apache-2.0
// Launcher and shim over a real data vchan, PV and PVH: the same behaviour as over sockets, and release of a destroyed domain.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AgentType, XS_DATA } from '../../../toolstack/agent/wire.js';
import { encodeMount } from '../../../toolstack/agent/wire-guest.js';
import { encodeStart } from '../../../toolstack/agent/wire-process.js';
import { deleteContainer, ociConfig } from '../../support/agent/container.js';
import { long } from '../../support/long.js';
import { FakeThawd, type FakeSession } from '../../support/shim/fake-thawd.js';
import { launch, type Launched } from '../../support/shim/launch.js';
import { Sandbox } from '../../support/shim/sandbox.js';
import { until } from '../../support/within.js';
import { GUEST, XenGuest, xl } from '../../support/xen/xen-guest.js';

interface Bed {
  guest: XenGuest;
  sandbox: Sandbox;
  /** Acts as thawd: announces, joins, starts. */
  run: (args: string[], flags?: number) => Promise<Container>;
}

interface Container {
  launched: Launched;
  session: FakeSession;
  id: number;
}

/** Declares a test for each type of domain: a guest with a root filesystem and a running shim. */
function testShim(title: string, body: (t: ExecutionContext, bed: Bed) => Promise<void>): void {
  for (const type of ['pv', 'pvh'] as const) {
    test.serial(`${title} (${type})`, async (t) => {
      t.timeout(300_000);
      const guest = await XenGuest.boot({ type });
      try {
        await body(t, await makeBed(t, guest));
      } catch (error) {
        t.log(guest.console());
        throw error;
      } finally {
        guest.destroy();
      }
    });
  }
}

async function makeBed(t: ExecutionContext, guest: XenGuest): Promise<Bed> {
  const vchan = `/local/domain/${guest.domid}/${XS_DATA}`;
  const transport = ['--domid', String(guest.domid), '--vchan', vchan];
  const sandbox = await Sandbox.start(t, { transport });
  await guest.connectControl();
  await guest.identify();
  guest.attach('xvda', join(GUEST, 'base.erofs'));
  const request = { rootfs: 'base', devices: ['xvda'], timeoutMs: 60_000, upperKib: 8192 };
  await guest.request(AgentType.MOUNT, encodeMount(request));
  let nextId = 1;
  const run = async (args: string[], flags = 0): Promise<Container> => {
    const id = nextId++;
    const thawd = await FakeThawd.listen(join(sandbox.dir, `thawd${id}.sock`));
    t.teardown(() => {
      thawd.kill();
    });
    const launched = launch(t, thawd.path);
    const session = await thawd.session();
    await sandbox.expect(id, flags);
    await session.join(id, flags, sandbox.socket);
    const config = ociConfig(guest, args, { hasPidNamespace: false });
    const where = { rows: 0, cols: 0, container: `c${id}`, rootfs: 'base', config, files: {} };
    await guest.request(AgentType.START, encodeStart({ process: id, flags, ...where }));
    return { launched, session, id };
  };
  return { guest, sandbox, run };
}

testShim('streams, statuses and signals', async (t, { guest, sandbox, run }) => {
  const shell = await run(['sh', '-c', 'echo out; echo err >&2; exit 42']);
  t.is(await sandbox.statusFile(shell.id), 'exited 42');
  shell.session.done(0);
  t.is(await shell.launched.ended(), 42);
  t.is(shell.launched.stdout.toString(), 'out\n');
  t.is(shell.launched.stderr, 'err\n');
  await deleteContainer(guest, 'c1');

  const bytes = randomBytes(16 << 20);
  const cat = await run(['cat'], 1);
  const started = Date.now();
  cat.launched.child.stdin?.end(bytes);
  cat.session.done(0);
  t.is(await cat.launched.ended(120_000), 0);
  t.log(`16 MiB through cat: ${Date.now() - started} ms of the emulator's time`);
  const hash = (b: Buffer): string => createHash('sha256').update(b).digest('hex');
  t.is(hash(cat.launched.stdout), hash(bytes));
  await deleteContainer(guest, 'c2');

  const sleep = await run(['sleep', '1000']);
  sleep.launched.child.kill('SIGTERM');
  sleep.session.done(0);
  t.is(await sleep.launched.ended(), 143);
  await deleteContainer(guest, 'c3');

  const memory = readFileSync(`/proc/${sandbox.shim.pid}/smaps_rollup`, 'utf8');
  t.log(`the shim: ${memory.match(/(Rss|Pss|Private_Dirty):\s+\d+ kB/g)?.join(', ')}`);
  t.is(await sandbox.quit(), 0, sandbox.note);
});

testShim('xl destroy: LOST with the reason, and no zombie', async (t, { guest, sandbox, run }) => {
  const yes = await run(['yes']);
  await until('output flows', () => yes.launched.stdout.length > 1 << 20, 60_000);
  xl('destroy', guest.name);
  t.is(await sandbox.statusFile(yes.id), 'lost domain destroyed');
  yes.session.done(0);
  t.is(await yes.launched.ended(), 125);
  t.is(yes.launched.stderr, 'thaw: Lost the container: domain destroyed\n');
  await guest.disconnect();
  await until('the domain is gone', () => !isThere(guest.domid));
  t.is((await sandbox.status()).reason, 'domain destroyed');
  t.is(await sandbox.quit(), 0, sandbox.note);
});

testShim('a domain that ends by itself is lost too', async (t, { guest, sandbox, run }) => {
  const sleep = await run(['sleep', '1000']);
  xl('shutdown', '-F', guest.name);
  const status = await sandbox.statusFile(sleep.id);
  t.regex(
    status,
    /^lost (domain shut down|domain destroyed|domain crashed|agent closed the channel)$/,
  );
  t.log(status);
  sleep.session.done(0);
  t.is(await sleep.launched.ended(), 125);
});

testShim('a shim that was killed can be followed by another', async (t, { guest, sandbox }) => {
  sandbox.shim.kill('SIGKILL');
  await sandbox.shimExit;
  const vchan = `/local/domain/${guest.domid}/${XS_DATA}`;
  const next = await Sandbox.start(t, {
    transport: ['--domid', String(guest.domid), '--vchan', vchan],
  });
  t.is((await next.status()).state, 'up');
  t.is(await next.quit(), 0, next.note);
});

test.serial('a domain that is not there', async (t) => {
  const sandbox = await Sandbox.start(t, {
    silent: true,
    transport: ['--domid', '32000', '--vchan', `/local/domain/32000/${XS_DATA}`],
  });
  t.deepEqual(await sandbox.status(), { state: 'lost', reason: 'no such domain', processes: [] });
});

long('a domain whose agent never says hello', async (t) => {
  t.timeout(120_000);
  const guest = await XenGuest.boot({ type: 'pv' });
  try {
    const sandbox = await Sandbox.start(t, {
      silent: true,
      transport: [
        '--domid',
        String(guest.domid),
        '--vchan',
        `/local/domain/${guest.domid}/data/no`,
      ],
      args: ['--hello-timeout', '30'],
    });
    t.is((await sandbox.status()).state, 'waiting');
    await until('it gives up', async () => (await sandbox.status()).state === 'lost', 90_000);
    t.is((await sandbox.status()).reason, 'no hello');
  } finally {
    guest.destroy();
  }
});

function isThere(domid: number): boolean {
  return xl('list')
    .split('\n')
    .some((line) => Number(line.trim().split(/\s+/)[1]) === domid);
}
