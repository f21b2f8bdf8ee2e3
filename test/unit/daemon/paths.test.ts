// SPDX-License-Identifier: Apache-2.0
// Where thawd keeps things, by default and as told.

import test from 'ava';
import { parseSettings } from '../../../toolstack/daemon/paths.js';

test.serial('the socket lies in the run folder unless it is named', (t) => {
  const before = process.env['THAW_SOCKET'];
  delete process.env['THAW_SOCKET'];
  t.teardown(() => {
    if (before !== undefined) process.env['THAW_SOCKET'] = before;
  });
  t.like(parseSettings([]).paths, {
    state: '/var/lib/thaw',
    run: '/run/thaw',
    socket: '/run/thaw/thawd.sock',
  });
  t.is(parseSettings(['--run', '/r']).paths.socket, '/r/thawd.sock');
  t.is(parseSettings(['--run', '/r', '--socket', '/s']).paths.socket, '/s');
  process.env['THAW_SOCKET'] = '/env';
  t.is(parseSettings([]).paths.socket, '/env');
  t.is(parseSettings(['--socket', '/s']).paths.socket, '/s');
  delete process.env['THAW_SOCKET'];
});

test.serial('guest files and shim are those of the same installation', (t) => {
  const { guest, shim } = parseSettings([]).paths;
  t.true(guest.endsWith('/guest'));
  t.is(shim, guest.replace(/guest$/, 'bin/thaw-shim'));
  const set = parseSettings(['--guest', '/g', '--shim', '/s', '--state', '/v']).paths;
  t.like(set, { guest: '/g', shim: '/s', state: '/v' });
});

test.serial('the log level is info, or as told', (t) => {
  t.is(parseSettings([]).logLevel, 'info');
  t.is(parseSettings(['--log-level', 'debug']).logLevel, 'debug');
});

test.serial('clones wait of the type that is told, else of none in particular', (t) => {
  t.is(parseSettings([]).poolType, undefined);
  t.is(parseSettings(['--pool-type', 'pv']).poolType, 'pv');
});
