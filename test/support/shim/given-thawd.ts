// SPDX-License-Identifier: Apache-2.0
// A thawd over a fake engine, for test/fixtures/socket-holder. It takes the socket at the path in its argument and prints the inherited sockets. Once
// the file of that name with ".go" exists, it serves, like a thawd that has recovered.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../../toolstack/base/errors.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { givenSocket } from '../../../toolstack/daemon/given-socket.js';
import { listen } from '../../../toolstack/daemon/listener.js';
import { fakeEngine } from '../cli/fake-engine.js';

const path = process.argv[2] ?? '';

const given = await givenSocket(path).catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify({ code: errorCode(error) })}\n`);
  process.exit(1);
});
const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
const ofChild = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
const sockets = ofChild.split('\n').filter((line) => / 3 -> socket:/.test(line));
process.stdout.write(`${JSON.stringify({ pid: process.pid, given, left, sockets })}\n`);
while (!existsSync(`${path}.go`)) await delay(20);
await listen(path, fakeEngine().engine, silentLog(), { given });
