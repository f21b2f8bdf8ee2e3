// SPDX-License-Identifier: Apache-2.0
// Command lines as podman, containerd and people write them.
import test from 'ava';
import { parseCommandLine } from '../../../../../toolstack/frontends/oci/command-line/command-line.js';

const parse = (line: string) => parseCommandLine(line.split(' ').filter((word) => word !== ''));

test('conmon’s create', (t) => {
  t.deepEqual(parse('--log-format=json --log /l create --bundle /b --pid-file /p c1'), {
    command: 'create',
    global: { 'log-format': 'json', log: '/l' },
    options: { bundle: '/b', 'pid-file': '/p' },
    lists: {},
    words: ['c1'],
  });
});

test('containerd’s create, delete and kill', (t) => {
  t.like(
    parse(
      '--root /r --log /l --log-format json --systemd-cgroup create -b /b --console-socket /c x',
    ),
    {
      global: { root: '/r', 'systemd-cgroup': 'true' },
      options: { bundle: '/b', 'console-socket': '/c' },
    },
  );
  t.like(parse('delete --force x'), { options: { force: 'true' }, words: ['x'] });
  t.like(parse('kill --all x 9'), { options: { all: 'true' }, words: ['x', '9'] });
  t.like(parse('kill -a x'), { options: { all: 'true' }, words: ['x'] });
  t.like(parse('kill x SIGKILL'), { words: ['x', 'SIGKILL'] });
});

test('exec’s words are another program’s from the first on', (t) => {
  t.like(parse('exec -d --pid-file /p --process /j x'), {
    options: { detach: 'true', 'pid-file': '/p', process: '/j' },
    words: ['x'],
  });
  const line = parse('exec -t -e A=1 --env B=2 -u 1:2 --cap CAP_KILL x ls -t --env C=3');
  t.deepEqual(line.lists, { env: ['A=1', 'B=2'], cap: ['CAP_KILL'] });
  t.deepEqual(line.options, { tty: 'true', user: '1:2' });
  t.deepEqual(line.words, ['x', 'ls', '-t', '--env', 'C=3']);
});

test('flags that are switched off, words behind --, no command', (t) => {
  t.deepEqual(parse('--systemd-cgroup=false list -q').global, {});
  t.deepEqual(parse('state -- -x').words, ['-x']);
  t.is(parse('--version').command, 'version');
  t.is(parse('').command, 'help');
  t.deepEqual(parse('create --preserve-fds 0 x').words, ['x']);
});

for (const [line, message] of [
  ['frob x', /^Unknown command "frob": create, /],
  ['constructor x', /^Unknown command "constructor"/],
  ['create', /takes 1 words, not 0/],
  ['state a b', /takes 1 words, not 2/],
  ['kill a b c', /takes 1 to 2 words, not 3/],
  ['exec', /takes 1 or more words, not 0/],
  ['create --bundle', /--bundle wants a value/],
  ['create --frob x', /unknown option --frob/],
  ['create --preserve-fds 2 x', /--preserve-fds 2: descriptors of the host/],
  ['exec --preserve-fds=1 x true', /thaw-oci exec: --preserve-fds 1/],
  ['--frob state x', /thaw-oci: unknown option --frob/],
] as const) {
  test(`"${line}" is refused`, (t) => {
    t.throws(() => parse(line), { code: 'ERR_USAGE', message });
  });
}
