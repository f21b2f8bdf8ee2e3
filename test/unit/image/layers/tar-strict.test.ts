// SPDX-License-Identifier: Apache-2.0
// Layers whose entries hide from one of two readers of tar. Each hides a device node, which the real mkfs.erofs would make.
import test, { type ExecutionContext } from 'ava';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { convertLayer } from '../../../../toolstack/image/layers/convert.js';
import { DEFAULT_LIMITS } from '../../../../toolstack/image/layers/rules.js';
import { digest } from '../../../support/image/oci-image.js';

const run = promisify(execFile);

interface Raw {
  name?: string;
  type: string;
  size?: number;
  mode?: string;
  link?: string;
  magic?: string;
  prefix?: string;
}

function header({
  name = 'a',
  type,
  size = 0,
  mode = '0000644',
  link,
  magic,
  prefix,
}: Raw): Buffer {
  const block = Buffer.alloc(512);
  const text = (at: number, value: string) => void block.write(value, at, 'latin1');
  text(0, name);
  text(100, mode);
  for (const at of [108, 116]) text(at, '0000000');
  text(124, size.toString(8).padStart(11, '0'));
  text(136, '00000000000');
  text(148, ' '.repeat(8));
  text(156, type);
  text(157, link ?? '');
  text(257, magic ?? 'ustar\0' + '00');
  for (const at of [329, 337]) text(at, '0000001');
  text(345, prefix ?? '');
  const sum = block.reduce((total, byte) => total + byte, 0);
  text(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function padded(text: string): Buffer {
  const block = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  block.write(text, 'latin1');
  return block;
}

function pax(type: 'x' | 'g', ...records: string[]): Buffer {
  const text = records.map((record) => {
    const length = record.length + 2;
    return `${length + String(length + 2).length} ${record}\n`;
  });
  const all = text.join('');
  return Buffer.concat([header({ name: 'PaxHeader', type, size: all.length }), padded(all)]);
}

const END = Buffer.alloc(1024);
const DEVICE = header({ name: 'evil', type: '3' });
const FILE = header({ name: 'a', type: '0' });

async function convert(t: ExecutionContext, ...parts: Buffer[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-strict-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const tar = Buffer.concat(parts);
  const [blob, out] = [join(dir, 'blob'), join(dir, 'out.erofs')];
  await writeFile(blob, tar);
  await convertLayer({
    blob,
    digest: digest(tar),
    diffId: digest(tar),
    out,
    tmpDir: dir,
    limits: DEFAULT_LIMITS,
    lower: new Map(),
    signal: new AbortController().signal,
  });
  return (await run('dump.erofs', ['--ls', '--path=/', out])).stdout;
}

const HIDING: Record<string, Buffer[]> = {
  'data of a hard link': [FILE, header({ name: 'l', type: '1', link: 'a', size: 512 }), DEVICE],
  'data of a symbolic link': [header({ name: 'l', type: '2', link: 'a', size: 512 }), DEVICE],
  'data of a fifo': [header({ name: 'l', type: '6', size: 512 }), DEVICE],
  'data of an opaque mark': [
    header({ name: 'd/', type: '5' }),
    header({ name: 'd/.wh..wh..opq', type: '0', size: 512 }),
    DEVICE,
  ],
  'data of a folder': [header({ name: 'd/', type: '5', size: 100 }), FILE],
  'a file without a type': [header({ type: '\0' })],
  'a header without a name': [
    pax('x', 'path=a'),
    header({ name: '', type: '0', size: 512 }),
    DEVICE,
  ],
  'a mode of another type': [header({ name: 'd/', type: '5', mode: '0020755' })],
  'two pax headers': [pax('x', 'path=b'), pax('x', 'mtime=1'), FILE],
  'a pax header and a long name': [
    pax('x', 'path=b'),
    header({ type: 'L', size: 2 }),
    padded('c\0'),
    FILE,
  ],
  'two sizes in a pax header': [pax('x', 'size=0', 'size=512'), FILE, DEVICE],
  'a size that is not all digits': [pax('x', 'size=0x200'), FILE],
  'a name with a NUL': [pax('x', 'path=b\0c'), FILE],
  'a record that is too long': [header({ type: 'x', size: 9 }), padded('99 path=b'), FILE],
  'a global header with a name': [pax('g', 'path=b'), FILE],
  'a global header with a size': [pax('g', 'size=512'), FILE, DEVICE],
  'a prefix in GNU’s format': [header({ type: '0', magic: 'ustar  \0', prefix: 'b' })],
  'an old long name': [header({ type: 'N', size: 2 }), padded('b\0'), FILE],
  'an entry after the end': [FILE, END, header({ name: 'b', type: '0' })],
};

for (const [title, parts] of Object.entries(HIDING))
  test(`refused: ${title}`, async (t) => {
    await t.throwsAsync(convert(t, ...parts, END), {
      code: 'ERR_IMAGE_UNSUPPORTED',
      message: /read differently/,
    });
  });

test('headers of all usual tools are taken', async (t) => {
  const list = await convert(
    t,
    pax('g', 'comment=0123'),
    header({ name: 'old', type: '0', mode: '0100644' }),
    header({ name: 'dir/', type: '5', mode: '0040755' }),
    header({ name: 'gnu', type: '0', magic: 'ustar  \0' }),
    header({ name: '././@LongLink', type: 'L', size: 5, magic: 'ustar  \0' }),
    padded('long\0'),
    header({ name: 'cut', type: '0', size: 3, magic: 'ustar  \0' }),
    padded('abc'),
    pax('x', 'path=posix', 'mtime=1.5', 'size=3'),
    header({ name: 'cut', type: '0', size: 3 }),
    padded('abc'),
    Buffer.alloc(512),
    header({ name: 'after', type: '0' }),
    END,
  );
  for (const name of ['old', 'dir', 'gnu', 'long', 'posix', 'after'])
    t.regex(list, new RegExp(` ${name}\\n`), name);
});

test('an uncompressed layer must have its own digest', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-strict-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const blob = join(dir, 'blob');
  await writeFile(blob, Buffer.concat([FILE, END]));
  const promised = digest(Buffer.concat([header({ name: 'b', type: '0' }), END]));
  const job = { blob, digest: promised, diffId: promised, out: join(dir, 'out'), tmpDir: dir };
  const rest = { limits: DEFAULT_LIMITS, lower: new Map(), signal: new AbortController().signal };
  await t.throwsAsync(convertLayer({ ...job, ...rest }), {
    code: 'ERR_IMAGE_CORRUPT',
    message: /Layer unpacks to sha256:/,
  });
});
