// SPDX-License-Identifier: Apache-2.0
// Folders as EROFS layers: overlays of layers and of folders show the same files. Tests the users of a layer, and its removal.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FolderLayers } from '../../../../toolstack/image/index.js';

const signal = new AbortController().signal;
const warned: unknown[] = [];
const log = { warn: (...words: unknown[]) => void warned.push(words) };
const layersIn = (dir: string): FolderLayers => new FolderLayers(dir, log as never);
const sh = (line: string, cwd: string): string =>
  execFileSync('sh', ['-euc', line], { cwd, encoding: 'utf8' });

function opened(t: ExecutionContext): { folder: string; layers: FolderLayers } {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-folders-'));
  t.teardown(() => {
    spawnSync('sh', ['-c', `grep -o ' ${folder}/[^ ]*' /proc/mounts | sort -r | xargs -r umount`]);
    rmSync(folder, { recursive: true });
  });
  return { folder, layers: layersIn(join(folder, 'layers')) };
}

const cached = (folder: string) => ({ folder, isOwn: false });

/** llistxattr(2) and lgetxattr(2) by their numbers: Debian's perl has no binding for them. */
const XATTRS = `for (@ARGV) {
  my ($names, $value) = ("\\0" x 65536, "\\0" x 65536);
  my $n = syscall(195, $_, $names, 65536);
  for my $name (sort split /\\0/, substr($names, 0, $n)) {
    my $size = syscall(192, $_, $name, $value, 65536);
    print "$_ $name ", $size, " ", unpack("H40", substr($value, 0, $size)), "\\n";
  }
}`;

/** setxattr(2) by its number, with a value given as an expression. */
const SET = `my ($path, $name, $value) = (@ARGV[0, 1], eval $ARGV[2]);
  syscall(188, $path, $name, $value, length $value, 0) == 0 or die $!`;

/** All attributes of a file. Visible overlay marks are errors. */
const TREE = `find . -printf '%p %y %m %U %G %n %l %T@\\n' | sort
  find . | sort | xargs perl -e '${XATTRS}'; find . -type f | sort | xargs sha256sum`;

test('an overlay of the layers shows what an overlay of the folders does', async (t) => {
  const { folder, layers } = opened(t);
  mkdirSync(join(folder, 'low'));
  sh(
    `mkdir gone kept opaque; echo a >gone/a; echo b >kept/b; ln kept/b kept/hard; ln -s b kept/link; echo c >opaque/c
     mkfifo kept/fifo; echo suid >kept/suid; chown 7:8 kept/suid; chmod 4711 kept/suid; cp /bin/true kept/cap
     mkdir empty; truncate -s 1M kept/sparse; perl -e '${SET}' kept/b user.long '"1" x 2000'
     perl -e '${SET}' kept/cap security.capability 'pack("V5", 0x2000001, 0x2000, 0, 0, 0)'`,
    join(folder, 'low'),
  );
  const over = (lower: string, at: string, upper = ''): void => {
    mkdirSync(join(folder, at));
    sh(`mount -t overlay overlay -o lowerdir=${lower}${upper} ${at}`, folder);
  };
  mkdirSync(join(folder, 'up'));
  mkdirSync(join(folder, 'work'));
  over(`${folder}/low`, 'made', `,upperdir=${folder}/up,workdir=${folder}/work`);
  sh(
    'rm -r gone; rm kept/link; rm -r opaque; mkdir opaque; echo d >opaque/d; echo e >>kept/b',
    join(folder, 'made'),
  );
  sh('umount made', folder);
  const taken = await layers.take(
    'one',
    ['low', 'up'].map((name) => cached(join(folder, name))),
    signal,
  );
  for (const [index, { path }] of taken.entries()) {
    mkdirSync(join(folder, `layer${index}`));
    sh(`mount -t erofs -o loop,ro ${path} layer${index}`, folder);
  }
  over(`${folder}/up:${folder}/low`, 'before');
  over(`${folder}/layer1:${folder}/layer0`, 'after');
  const tree = sh(TREE, join(folder, 'after'));
  t.is(tree, sh(TREE, join(folder, 'before')));
  t.regex(tree, /kept\/suid f 4711 7 8 /);
  t.regex(tree, /kept\/b user\.long 2000 3131/);
  t.regex(tree, /kept\/cap security\.capability/);
  t.notRegex(tree, /gone|opaque\/c|trusted/);
});

test('a folder is read once, and again when it is another', async (t) => {
  const { folder, layers } = opened(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  const take = async (holder: string): Promise<string> =>
    (await layers.take(holder, [cached(source)], signal))[0]?.path ?? '';
  const [one, two] = await Promise.all([take('one'), take('two')]);
  t.is(one, two);
  t.is(await take('three'), one);
  renameSync(source, join(folder, 'old'));
  mkdirSync(source);
  t.not(await take('four'), one);
});

test('what somebody holds stays, and what is of a folder that is there', async (t) => {
  const { folder, layers } = opened(t);
  const [gone, there] = ['gone', 'there'].map((name) => join(folder, name)) as [string, string];
  mkdirSync(gone);
  mkdirSync(there);
  const [first, second] = await layers.take('one', [cached(gone), cached(there)], signal);
  rmSync(gone, { recursive: true });
  await layers.prune();
  t.is(readdirSync(layers.dir).length, 4);
  await layers.release('one');
  const next = layersIn(layers.dir);
  next.adopt('one', [first?.path ?? '']);
  await next.prune();
  t.is(readdirSync(layers.dir).length, 4, 'adopted');
  await layers.prune();
  t.false(existsSync(first?.path ?? ''));
  t.true(existsSync(second?.path ?? ''));
  t.is(readdirSync(layers.dir).length, 2, 'the note of the other went, too');
});

test('when all are to go, those that somebody has stay', async (t) => {
  const { folder, layers } = opened(t);
  const [one, two] = ['one', 'two'].map((name) => join(folder, name));
  mkdirSync(one ?? '');
  mkdirSync(two ?? '');
  const [first] = await layers.take('a', [cached(one ?? '')], signal);
  const [second] = await layers.take('b', [cached(two ?? '')], signal);
  await layers.release('b');
  await layers.prune(true);
  t.true(existsSync(first?.path ?? ''));
  t.false(existsSync(second?.path ?? ''));
  t.is(readdirSync(layers.dir).length, 2);
});

test('the note of a layer that somebody removed goes', async (t) => {
  const { folder, layers } = opened(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  const [layer] = await layers.take('one', [cached(source)], signal);
  rmSync(layer?.path ?? '');
  await layers.prune();
  t.deepEqual(readdirSync(layers.dir), []);
});

test('what a killed thawd was making goes, and one’s own layer that nobody has', async (t) => {
  const { folder, layers } = opened(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  await layers.take('one', [{ folder: source, isOwn: true }], signal);
  writeFileSync(join(layers.dir, 'x.part'), '');
  writeFileSync(join(layers.dir, 'x.json.tmp-4194305-0'), '');
  mkdirSync(join(layers.dir, 'lost+found'));
  const ours = `x.json.tmp-${process.pid}-0`;
  writeFileSync(join(layers.dir, ours), 'is being written');
  await layers.prune();
  t.deepEqual(readdirSync(layers.dir), ['lost+found', 'own-one-0.erofs', ours]);
  await layersIn(layers.dir).prune();
  t.deepEqual(readdirSync(layers.dir), ['lost+found', ours]);
});

test('what cannot be removed is said, and the rest goes', async (t) => {
  const { layers } = opened(t);
  mkdirSync(join(layers.dir, 'folder.erofs'), { recursive: true });
  writeFileSync(join(layers.dir, 'x.part'), '');
  await layers.prune();
  t.deepEqual(readdirSync(layers.dir), ['folder.erofs']);
  t.true(warned.length > 0);
});

test('whoever gave up while another made the layer does not go on', async (t) => {
  const { folder, layers } = opened(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  const caller = new AbortController();
  const making = layers.take('one', [cached(source)], signal);
  const waiting = layers.take('two', [cached(source)], caller.signal);
  caller.abort(new Error('gave up'));
  await t.throwsAsync(waiting, { code: 'ERR_IMAGE_ABORTED' });
  t.is((await making).length, 1);
});

test('nothing is left of what failed', async (t) => {
  const { folder, layers } = opened(t);
  const missing = join(folder, 'missing');
  await t.throwsAsync(layers.take('one', [cached(missing)], signal), {
    code: 'ERR_IMAGE_NOT_FOUND',
    message: new RegExp(missing),
  });
  const source = join(folder, 'source');
  mkdirSync(source);
  const cancelled = AbortSignal.abort();
  await t.throwsAsync(layers.take('one', [cached(source)], cancelled), {
    code: 'ERR_IMAGE_ABORTED',
  });
  t.deepEqual(readdirSync(layers.dir), []);
});

test('a full disk is named', async (t) => {
  const { folder, layers } = opened(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'large'), Buffer.alloc(4 << 20, 1));
  mkdirSync(layers.dir);
  sh('mount -t tmpfs -o size=1m tmpfs layers', folder);
  await t.throwsAsync(layers.take('one', [cached(source)], signal), {
    code: 'ERR_IMAGE_NOSPACE',
    message: /No room in .*layers for a layer of .*source: make some, or leave .* 9pfs/,
  });
  t.deepEqual(readdirSync(layers.dir), []);
});
