// SPDX-License-Identifier: Apache-2.0
// Where thawd keeps things, by default and as told.

import test from 'ava';
import {
  parseSettings as parse,
  settingsHelp,
  type Settings,
} from '../../../toolstack/daemon/settings.js';

const parseSettings = (words: string[]): Settings => parse(words) ?? ({} as Settings);

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

test.serial('what makes no sense is refused in one line that says what is allowed', (t) => {
  const wrong: [string[], RegExp][] = [
    [['--pool', '-1'], /--pool -1: 0 to 1000 are allowed/],
    [['--pool-max', '1001'], /--pool-max 1001/],
    [['--pool', 'many'], /--pool many/],
    [['--pool-type', 'hvm'], /--pool-type hvm: pv, pvh are allowed/],
    [['--log-level', 'loud'], /--log-level loud: error, warn, info, debug/],
    [['--nonsense'], /--nonsense/],
    [['--state'], /--state alone/],
    [['start'], /Cannot use start/],
  ];
  for (const [words, message] of wrong)
    t.throws(() => parse(words), { code: 'ERR_USAGE', message }, words.join(' '));
});

test.serial('help names every option and its default', (t) => {
  t.is(parse(['--pool', '3', '--help']), undefined);
  const help = settingsHelp();
  t.regex(help, /--pool-max VALUE +How many .* \(default 16\)\n/);
  t.regex(help, /--state VALUE .*\(default \/var\/lib\/thaw\)\n/);
});
