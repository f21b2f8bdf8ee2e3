// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { resolveUser } from '../../../../toolstack/image/config/user.js';

const passwd = `root:x:0:0:root:/root:/bin/sh
# a comment
broken line
app:x:1000:1000:app:/home/app:/bin/sh
1234:x:55:56::/numeric:/bin/sh
homeless:x:60:61:::
`;
const group = `root:x:0:
app:x:1000:
audio:x:29:app,other
video:x:44:app
1000:x:99:
`;

test('a name gives its numbers, home and supplementary groups', (t) => {
  t.deepEqual(resolveUser('app', passwd, group), {
    uid: 1000,
    gid: 1000,
    additionalGids: [29, 44],
    home: '/home/app',
    username: 'app',
  });
});

test('no user means root', (t) => {
  t.like(resolveUser('', passwd, group), { uid: 0, gid: 0, home: '/root', username: 'root' });
  t.deepEqual(resolveUser('', '', ''), {
    uid: 0,
    gid: 0,
    additionalGids: [],
    home: '/',
    username: '',
  });
});

test('a number need not be in the image', (t) => {
  t.deepEqual(resolveUser('4321', passwd, group), {
    uid: 4321,
    gid: 0,
    additionalGids: [],
    home: '/',
    username: '',
  });
  t.like(resolveUser('4321:5', passwd, group), { uid: 4321, gid: 5 });
});

test('a number that is in the image brings its name’s groups and home', (t) => {
  t.like(resolveUser('1000', passwd, group), {
    uid: 1000,
    gid: 1000,
    additionalGids: [29, 44],
    home: '/home/app',
  });
});

test('a name of digits wins over the number', (t) => {
  t.like(resolveUser('1234', passwd, group), { uid: 55, gid: 56, home: '/numeric' });
  t.like(resolveUser('app:1000', passwd, group), { uid: 1000, gid: 99 });
});

test('an explicit group leaves out the supplementary ones', (t) => {
  t.like(resolveUser('app:video', passwd, group), { uid: 1000, gid: 44, additionalGids: [] });
  t.like(resolveUser(':audio', passwd, group), { uid: 0, gid: 29 });
});

test('a user without a home lives in /', (t) => {
  t.is(resolveUser('homeless', passwd, group).home, '/');
});

test('what the image does not know is named in the error', (t) => {
  t.throws(() => resolveUser('nobody', passwd, group, 'busybox'), {
    code: 'ERR_IMAGE_USER',
    message: /"nobody".*busybox/,
  });
  t.throws(() => resolveUser('app:nogroup', passwd, group), {
    code: 'ERR_IMAGE_USER',
    message: /"nogroup"/,
  });
  for (const bad of ['-1', '4294967295', '99999999999', 'a:b:c', '1:-1']) {
    t.throws(() => resolveUser(bad, passwd, group), { code: 'ERR_IMAGE_USER' }, bad);
  }
});
