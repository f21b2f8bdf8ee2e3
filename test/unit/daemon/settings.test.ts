// SPDX-License-Identifier: Apache-2.0
// thawd's directories, by default and as configured.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { explainConfig, THAWD_OPTIONS } from '../../../toolstack/cli/options/thawd.js';
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

test.serial(
  'domains, and clones that wait, are of the type that is told, else of none in particular',
  (t) => {
    t.like(parseSettings([]), { type: undefined, poolType: undefined });
    t.like(parseSettings(['--pool-type', 'pv']), { type: undefined, poolType: 'pv' });
    t.like(parseSettings(['--type', 'pv']), { type: 'pv', poolType: undefined });
  },
);

test.serial('what makes no sense is refused in one line that says what is allowed', (t) => {
  const wrong: [string[], RegExp][] = [
    [['--pool', '-1'], /--pool -1: 0 to 1000 are allowed/],
    [['--pool-max', '1001'], /--pool-max 1001/],
    [['--pool', 'many'], /--pool many/],
    [['--pool-type', 'hvm'], /--pool-type hvm: pv, pvh are allowed/],
    [['--type', 'hvm'], /--type hvm: pv, pvh are allowed/],
    [['--log-level', 'loud'], /--log-level loud: error, warn, info, debug/],
    [
      ['--disk-reserve', '80%'],
      /--disk-reserve 80%: a size such as 2g, a share of up to 50%, or 0/,
    ],
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
  t.regex(help, /--pool-max VALUE +Most clones .* \(default 16\)\n/);
  t.regex(help, /--state VALUE .*\(default \/var\/lib\/thaw\)\n/);
});

test.serial('a file says what the command line does not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-config-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'thaw.toml');
  const read = async (text: string, ...words: string[]) => {
    await writeFile(path, text);
    return parseSettings(['--config', path, ...words]);
  };
  const all = await read('pool = 5\npool-type = "pv"\nmetrics = "[::1]:9120"\nstate = "/v"\n');
  t.like(all, { pool: { min: 5, max: 16 }, poolType: 'pv', metrics: { host: '::1', port: 9120 } });
  t.is(all.paths.state, '/v');
  t.is((await read('pool = 5', '--pool', '7')).pool.min, 7);
  const wrong: [string, RegExp][] = [
    ['pool = "many"', /pool = many in .*thaw\.toml: 0 to 1000/],
    ['pool = 1.5', /pool in .*thaw\.toml.*whole number/],
    ['pool = [1]', /pool in/],
    ['poool = 1', /poool in .*thaw\.toml.*pool-max/],
    ['config = "/x"', /config in/],
    ['pool = ', /Cannot read .*thaw\.toml/],
    ['metrics = "9120"', /metrics = 9120 .*ADDRESS:PORT/],
  ];
  for (const [text, message] of wrong)
    await t.throwsAsync(read(text), { code: 'ERR_USAGE', message }, text);
  t.throws(() => parseSettings(['--config', '/no/such']), { code: 'ERR_USAGE' });
});

test.serial('what thaw config prints says nothing new, and all of it can be said', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-config-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'thaw.toml');
  await writeFile(path, explainConfig());
  t.deepEqual(parseSettings(['--config', path]), parseSettings([]));
  const uncommented = explainConfig().replaceAll(/^#([a-z-]+ = )/gm, '$1');
  for (const name of Object.keys(THAWD_OPTIONS).filter((key) => key !== 'config'))
    t.regex(uncommented, new RegExp(`^${name} = `, 'm'));
});

test.serial('layers are kept as they came, unless it is said that they are not', (t) => {
  t.true(parseSettings([]).keepsBlobs);
  t.false(parseSettings(['--keep-blobs', 'false']).keepsBlobs);
  t.throws(() => parseSettings(['--keep-blobs', 'no']), { code: 'ERR_USAGE' });
});

test.serial('disks keep a reserve, as much as is told', (t) => {
  t.is(parseSettings([]).diskReserve, 'default');
  t.deepEqual(parseSettings(['--disk-reserve', '0']).diskReserve, { bytes: 0 });
  t.deepEqual(parseSettings(['--disk-reserve', '3g']).diskReserve, { bytes: 3 * 2 ** 30 });
  t.deepEqual(parseSettings(['--disk-reserve', '7%']).diskReserve, { share: 0.07 });
});
