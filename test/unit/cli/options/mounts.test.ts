// SPDX-License-Identifier: Apache-2.0
// Volumes and bind mounts in the notation of podman and docker.

import test from 'ava';
import type { Client } from '../../../../toolstack/api/engine.js';
import { mountOptions } from '../../../../toolstack/cli/options/mounts.js';

const client = { cwd: '/home/me' } as unknown as Client;
const of = (option: string, ...values: string[]) =>
  mountOptions({ options: { [option]: values }, positional: [], asksForHelp: false }, client);
const first = (option: string, value: string) => of(option, value).mounts?.[0];

test('-v takes a path, a volume, or the place of a volume without a name', (t) => {
  const bind = { type: 'bind', source: '/srv', destination: '/data', readOnly: false, options: [] };
  t.deepEqual(first('volume', '/srv:/data') as object, bind);
  t.like(first('volume', './here:/data/:ro,noexec,z'), {
    source: '/home/me/here',
    destination: '/data',
    readOnly: true,
    options: ['noexec'],
  });
  t.like(first('volume', 'db:/var/../data'), {
    type: 'volume',
    source: 'db',
    destination: '/data',
  });
  t.like(first('volume', '/data'), { type: 'volume', source: '', destination: '/data' });
  t.true(first('volume', 'db:/data:nocopy')?.noCopy);
  t.like(first('volume', '/srv:/data:rslave'), { options: ['rslave'] });
  t.like(first('volume', '/srv:/data:rslave,private'), { options: [] });
});

test('--mount takes the same in words', (t) => {
  t.like(first('mount', 'type=bind,src=/srv,dst=/data,readonly'), {
    type: 'bind',
    source: '/srv',
    destination: '/data',
    readOnly: true,
  });
  t.like(first('mount', 'type=bind,source=/srv,target=/data,ro=false'), { readOnly: false });
  t.like(first('mount', 'source=db,target=/data,volume-nocopy=true'), {
    type: 'volume',
    source: 'db',
    noCopy: true,
  });
  const words = 'type=bind,source=/srv,target=/data,bind-propagation=slave';
  t.like(first('mount', words), { options: ['slave'] });
  t.deepEqual(of('mount', 'type=tmpfs,target=/tmp,tmpfs-size=1m,tmpfs-mode=1777'), {
    tmpfs: [{ path: '/tmp', options: ['size=1048576', 'mode=1777'] }],
  });
});

test('without either nothing is there', (t) => {
  t.deepEqual(of('volume'), {});
});

test('what means nothing is refused with what is allowed', (t) => {
  const wrong: [string, string, RegExp][] = [
    ['volume', 'a:b', /absolute path/],
    ['volume', '/srv:/', /absolute path below/],
    ['volume', ':/data', /\[SOURCE:\]PATH/],
    ['volume', 'a:/b:ro:x', /\[SOURCE:\]PATH/],
    ['volume', '/a:/b:rshared', /rshared is not allowed/],
    ['volume', 'a b:/data', /volume's name/],
    ['mount', 'type=nfs,target=/x', /bind, volume and tmpfs/],
    ['mount', 'type=bind,target=/x', /a bind has a source/],
    ['mount', 'type=volume,source=x', /absolute path/],
    ['mount', 'type=tmpfs,target=/x,source=/y', /no "source"/],
    ['mount', 'type=tmpfs,target=/x,tmpfs-mode=9', /octal/],
    ['mount', 'type=bind,source=/a,target=/x,ro=maybe', /true or false/],
    ['mount', 'type=bind,source=/a,target=/x,bind-propagation=shared', /shared is not allowed/],
  ];
  for (const [option, value, message] of wrong)
    t.throws(() => of(option, value), { code: 'ERR_USAGE', message }, value);
});
