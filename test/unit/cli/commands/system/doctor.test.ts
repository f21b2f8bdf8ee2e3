// SPDX-License-Identifier: Apache-2.0
// doctor reports each requirement as met, or names the remedy.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { doctorChecks } from '../../../../../toolstack/cli/commands/system/doctor-checks.js';
import type { Finding } from '../../../../../toolstack/cli/commands/system/finding.js';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

function setEnv(t: { teardown(fn: () => void): void }, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.teardown(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

test.serial('what is missing has a remedy, what is there has none', async (t) => {
  setEnv(t, 'THAW_LIB', '/nonexistent');
  setEnv(t, 'THAW_SOCKET', '/nonexistent/thawd.sock');
  const findings = await doctorChecks();
  for (const { what, state, remedy } of findings) t.is(remedy !== undefined, state !== 'ok', what);
  const thawd = findings.find(({ what }) => what === 'thawd');
  t.like(thawd, { state: 'missing' });
  t.like(
    findings.find(({ what }) => what === '/nonexistent/guest/vmlinux'),
    { state: 'missing' },
  );
});

test.serial('a thawd that answers is found, one that hangs up is not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-doctor-'));
  const path = join(folder, 'thawd.sock');
  let answers = false;
  const server = createServer((socket) =>
    socket.once('data', () => socket.end(answers ? 'x' : '')),
  );
  t.teardown(() => {
    server.close();
    return rm(folder, { recursive: true, force: true });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  setEnv(t, 'THAW_SOCKET', path);
  const ofThawd = async () => (await doctorChecks()).find(({ what }) => what === 'thawd');
  t.like(await ofThawd(), { state: 'missing' });
  answers = true;
  t.like(await ofThawd(), { state: 'ok', detail: path });
});

test.serial('a program is found on PATH', async (t) => {
  setEnv(t, 'PATH', '/nonexistent');
  const skopeo = (findings: Finding[]) => findings.find(({ what }) => what.startsWith('skopeo'));
  t.like(skopeo(await doctorChecks()), { state: 'missing', remedy: 'apt install skopeo' });
});

test.serial('the status is 1 when something is missing; JSON has the same findings', async (t) => {
  setEnv(t, 'THAW_SOCKET', '/nonexistent/thawd.sock');
  const { engine, calls } = fakeEngine();
  const [text, json] = [fakeClient(), fakeClient()];
  t.is(await runCommandLine(['doctor'], text.client, engine), 1);
  t.is(await runCommandLine(['doctor', '--json'], json.client, engine), 1);
  t.regex(text.out(), /^missing +thawd: .*\n +mend it with: /m);
  t.true((JSON.parse(json.out()) as Finding[]).some(({ what }) => what === 'thawd'));
  t.deepEqual(calls, []);
});
