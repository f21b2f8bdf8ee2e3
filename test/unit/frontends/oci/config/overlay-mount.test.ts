// SPDX-License-Identifier: Apache-2.0
// Reads the folders of an overlay from the kernel's mount lines, as engines' mounts have them, and refuses other lines.
import test from 'ava';
import { overlayAt } from '../../../../../toolstack/frontends/oci/config/overlay-mount.js';

const ROOT = '/var/lib/x/merged';

const line = (options: string, point = ROOT, type = 'overlay', root = '/'): string =>
  `514 29 0:61 ${root} ${point} rw,nodev,relatime shared:9 master:1 - ${type} overlay ${options}\n`;

test('the lower folders, the topmost first, and the upper one', (t) => {
  const podman = 'rw,lowerdir=/s/overlay/l/AB:/s/overlay/l/CD,upperdir=/s/u/diff,workdir=/s/u/work';
  t.deepEqual(overlayAt(line('rw', '/other', 'ext4') + line(podman), ROOT), {
    lower: ['/s/overlay/l/AB', '/s/overlay/l/CD'],
    upper: '/s/u/diff',
  });
  const each = 'ro,lowerdir+=/a,lowerdir+=/b,uuid=on';
  t.deepEqual(overlayAt(line(each), ROOT), { lower: ['/a', '/b'] });
  t.deepEqual(overlayAt(line('ro,lowerdir=/a,redirect_dir=on'), ROOT), { lower: ['/a'] });
});

test('names have escapes of the kernel’s, and of overlay’s', (t) => {
  const options = String.raw`rw,lowerdir=/a\040b:/c\134:d:/e\054f\134\134:/g`;
  t.deepEqual(overlayAt(line(options), ROOT).lower, ['/a b', '/c:d', '/e,f\\', '/g']);
  const point = '/a\\040b';
  t.deepEqual(overlayAt(line('rw,lowerdir=/x', point), '/a b').lower, ['/x']);
});

test('of mounts on one another the last one counts', (t) => {
  t.deepEqual(overlayAt(line('rw,lowerdir=/a') + line('rw,lowerdir=/b'), ROOT).lower, ['/b']);
  const below = line('rw', `${ROOT}/proc`, 'proc');
  t.deepEqual(overlayAt(below + line('rw,lowerdir=/b'), ROOT).lower, ['/b'], 'it hides it');
});

test('what holds by default is refused unless the mount says otherwise', (t) => {
  const byDefault = ['metacopy=on'];
  t.throws(() => overlayAt(line('rw,lowerdir=/a'), ROOT, byDefault), { message: /metacopy=on/ });
  t.deepEqual(overlayAt(line('rw,lowerdir=/a,metacopy=off'), ROOT, byDefault).lower, ['/a']);
});

for (const [what, mountinfo, message] of [
  ['no mount', line('rw,lowerdir=/a', '/other'), /nothing is mounted at/],
  ['another type', line('rw', ROOT, 'fuse.fuse-overlayfs'), /of type fuse.fuse-overlayfs/],
  ['a mount below', line('rw,lowerdir=/a') + line('rw', `${ROOT}/proc`), /below it, at .*\/proc$/],
  ['a part of one', line('rw,lowerdir=/a', ROOT, 'overlay', '/sub'), /only \/sub of an overlay/],
  ['marks of a user', line('rw,lowerdir=/a,userxattr'), /mounted with userxattr/],
  ['metacopy', line('rw,lowerdir=/a,metacopy=on'), /metacopy=on/],
  ['redirects', line('rw,lowerdir=/a,upperdir=/u,redirect_dir=on'), /redirect_dir=on/],
  ['folders for data', line('rw,lowerdir=/a::/b'), /folders for data/],
  ['folders for data by the new name', line('rw,lowerdir+=/a,datadir+=/b'), /datadir\+=/],
  ['no folder', line('rw,upperdir=/a'), /folders for data/],
  ['relative folders', line('rw,lowerdir=l/AB:l/CD'), /relative \("l\/AB"\)/],
  ['no line at all', '\n - \n1 2 3\n', /nothing is mounted/],
] as const)
  test(`refused: ${what}`, (t) => {
    t.throws(() => overlayAt(mountinfo, ROOT), { instanceOf: RangeError, message });
  });
