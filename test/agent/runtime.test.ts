// SPDX-License-Identifier: Apache-2.0
// crun, or a runtime that is a script, runs from a file that no container can change, without a copy for each run.

import test from 'ava';
import {
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RUNTIME, TestAgent } from '../support/agent/agent.js';
import { deleteContainer, makeRootfs, startContainer } from '../support/agent/container.js';

test.serial('crun is in a sealed memory file, which it takes for a copy of its own', async (t) => {
  const agent = await TestAgent.start();
  try {
    const folder = `/proc/${agent.pid}/fd`;
    const fd = readdirSync(folder).find((name) =>
      readlinkSync(join(folder, name)).startsWith('/memfd:crun '),
    );
    if (fd === undefined) throw new Error('The agent has no memory file of crun');
    t.deepEqual(readFileSync(join(folder, fd)), readFileSync(RUNTIME));
    t.throws(() => writeFileSync(openSync(join(folder, fd), 'r+'), 'x'), { code: 'EPERM' });
    makeRootfs(join(agent.run, 'roots/base/rootfs'));
    const process = await startContainer(agent, 'c', ['true']);
    t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
    await deleteContainer(agent, 'c');
  } finally {
    await agent.stop();
  }
});

test.serial('a runtime that is a script is run by its path', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'thaw-runtime-')), 'runtime');
  t.teardown(() => rmSync(dirname(path), { recursive: true }));
  writeFileSync(path, `#!/bin/sh\nexec ${RUNTIME} "$@"\n`, { mode: 0o755 });
  const scripted = await TestAgent.start(path);
  try {
    makeRootfs(join(scripted.run, 'roots/base/rootfs'));
    const started = await startContainer(scripted, 'c', ['sh', '-c', 'exit 3']);
    t.deepEqual(await started.ended(), { kind: 'exited', code: 3 });
    await deleteContainer(scripted, 'c');
  } finally {
    await scripted.stop();
  }
});
