// SPDX-License-Identifier: Apache-2.0
// Runs in place of thawd below its start script. Prints whether the lock is held while it starts, and after its release beside a living child.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { takeStartingLock } from '../../../toolstack/daemon/starting-lock.js';

const LOCK = '/run/thaw/thawd.sock.lock';

const isHeld = (): boolean => spawnSync('flock', ['-n', '-s', LOCK, 'true']).status !== 0;

const release = takeStartingLock(process.env);
const child = spawn('sleep', ['600'], { stdio: 'ignore' });
await once(child, 'spawn');
const starting = isHeld();
release();
const listening = isHeld();
child.kill('SIGKILL');
process.stdout.write(JSON.stringify({ starting, listening }));
