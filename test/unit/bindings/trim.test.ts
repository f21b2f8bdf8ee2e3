// SPDX-License-Identifier: Apache-2.0
// The trimmer keeps everything that a restore needs, drops only zero pages, and refuses incomplete streams.

import test from 'ava';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { memfdCreate, trimStream } from '../../../bindings/index.js';
import {
  PAGE,
  TYPE,
  libxcHeaders,
  libxlHeader,
  pageData,
  parsePages,
  parseRecords,
  record,
  saveStream,
} from '../../support/xen/save-stream.js';

function memfdWith(data: Buffer): number {
  const fd = memfdCreate('thaw-test');
  for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
  return fd;
}

function contents(fd: number): Buffer {
  const data = Buffer.alloc(fstatSync(fd).size);
  for (let at = 0; at < data.length;) at += readSync(fd, data, at, data.length - at, at);
  return data;
}

async function trim(
  stream: Buffer,
): Promise<{ out: Buffer; counts: Awaited<ReturnType<typeof trimStream>> }> {
  const fdIn = memfdWith(stream);
  const fdOut = memfdCreate('thaw-test-out');
  try {
    const counts = await trimStream(fdIn, fdOut);
    return { out: contents(fdOut), counts };
  } finally {
    closeSync(fdIn);
    closeSync(fdOut);
  }
}

test('zero pages of normal type become allocate-only, all others stay as they are', async (t) => {
  const pages = [
    { pfn: 1n, fill: 7 },
    { pfn: 2n },
    { pfn: 3n, type: TYPE.l1tab },
    { pfn: 4n, type: TYPE.xtab },
    { pfn: 5n },
    { pfn: 6n, type: TYPE.l4tab, fill: 9 },
    { pfn: 7n, type: TYPE.xalloc },
    { pfn: 0xfc000n, fill: 1 },
  ];
  const { out, counts } = await trim(saveStream([record(1, pageData(pages))]));
  t.like(counts, { pages: 8, dataPages: 4, zeroPages: 2, bytes: out.length });
  const types = parsePages(out).map((page) => [page.pfn, page.type]);
  t.deepEqual(types, [
    [1n, TYPE.normal],
    [2n, TYPE.xalloc],
    [3n, TYPE.l1tab],
    [4n, TYPE.xtab],
    [5n, TYPE.xalloc],
    [6n, TYPE.l4tab],
    [7n, TYPE.xalloc],
    [0xfc000n, TYPE.normal],
  ]);
  const fills = parsePages(out).flatMap((page) => (page.contents ? [page.contents] : []));
  t.deepEqual(
    fills.map((page) => [page[0], page[PAGE - 1], page.length]),
    [
      [7, 7, PAGE],
      [0, 0, PAGE],
      [9, 9, PAGE],
      [1, 1, PAGE],
    ],
  );
});

test('a page whose last byte alone is set is kept', async (t) => {
  const body = pageData([{ pfn: 1n }, { pfn: 2n }]);
  body[body.length - 1] = 1;
  const { counts } = await trim(saveStream([record(1, body)]));
  t.like(counts, { zeroPages: 1, dataPages: 1 });
});

test('a page sent again as zero after it had contents is sent as contents', async (t) => {
  const stream = saveStream([
    record(1, pageData([{ pfn: 5n, fill: 3 }])),
    record(1, pageData([{ pfn: 5n }, { pfn: 6n }])),
  ]);
  const { out } = await trim(stream);
  t.deepEqual(
    parsePages(out).map((page) => [page.pfn, page.type, page.contents?.[0]]),
    [
      [5n, TYPE.normal, 3],
      [5n, TYPE.normal, 0],
      [6n, TYPE.xalloc, undefined],
    ],
  );
});

test('small records become one, in order, up to 1024 entries and up to a record of another kind', async (t) => {
  const page = (i: number) => ({ pfn: BigInt(i), fill: (i % 255) + 1 });
  const one = (i: number) => record(1, pageData([page(i)]));
  const numbers = Array.from({ length: 1500 }, (_, i) => i);
  const stream = saveStream([...numbers.map(one), record(0x10), one(1500), one(1501)]);
  const { out, counts } = await trim(stream);
  const records = parseRecords(out);
  t.deepEqual(
    records.map((pages) => pages.length),
    [1024, 476, 2],
  );
  t.deepEqual(
    records.flat().map(({ pfn, contents }) => [Number(pfn), contents?.[0], contents?.[PAGE - 1]]),
    [...numbers, 1500, 1501].map((i) => [i, (i % 255) + 1, (i % 255) + 1]),
  );
  t.like(counts, { pages: 1502, dataPages: 1502, bytes: out.length });
});

test('a record of more than 1024 entries stays one', async (t) => {
  const pages = Array.from({ length: 3000 }, (_, i) => ({ pfn: BigInt(i + 10), fill: i & 1 }));
  const { out } = await trim(
    saveStream([record(1, pageData([{ pfn: 1n, fill: 5 }])), record(1, pageData(pages))]),
  );
  t.deepEqual(
    parseRecords(out).map((record) => record.length),
    [1, 3000],
  );
});

test('a frame that comes again is in another record than before: a restore would populate it twice', async (t) => {
  const zero = record(1, pageData([{ pfn: 5n }, { pfn: 6n, fill: 1 }]));
  const { out } = await trim(saveStream([zero, record(1, pageData([{ pfn: 5n, fill: 2 }]))]));
  t.deepEqual(
    parseRecords(out).map((pages) => pages.map((page) => [page.pfn, page.contents?.[0]])),
    [
      [
        [5n, undefined],
        [6n, 1],
      ],
      [[5n, 2]],
    ],
  );
});

test('the holes of an HVM domain drop out, and records that were nothing else', async (t) => {
  const holes = record(1, pageData([1n, 2n].map((pfn) => ({ pfn, type: TYPE.xtab }))));
  const mixed = record(
    1,
    pageData([
      { pfn: 3n, type: TYPE.xtab },
      { pfn: 4n, fill: 4 },
    ]),
  );
  const { out, counts } = await trim(saveStream([holes, mixed, holes], libxcHeaders(3, 12, 2)));
  t.deepEqual(
    parseRecords(out).map((pages) => pages.map((page) => page.pfn)),
    [[4n]],
  );
  t.like(counts, { pages: 6, dataPages: 1 });
});

test('records the trimmer does not know, odd lengths and padding included, are copied', async (t) => {
  const odd = Buffer.from('thirteen byte');
  const stream = saveStream([
    record(0x10),
    record(0x11, Buffer.alloc(3 * 1024 * 1024 + 5, 0xab)),
    record(0x80000001, odd),
  ]);
  const { out } = await trim(stream);
  t.true(out.equals(stream));
});

test('both versions of the inner stream are read', async (t) => {
  for (const version of [2, 3]) {
    const { counts } = await trim(
      saveStream([record(1, pageData([{ pfn: 0n }]))], libxcHeaders(version)),
    );
    t.is(counts.zeroPages, 1);
  }
});

test('a seekable input is read from its start and its offset stays', async (t) => {
  const stream = saveStream([record(1, pageData([{ pfn: 1n }]))]);
  const fdIn = memfdWith(stream); // Its offset is at the end now.
  const fdOut = memfdCreate('thaw-test-out');
  await trimStream(fdIn, fdOut);
  t.is(readSync(fdIn, Buffer.alloc(1)), 0);
  const again = openSync(`/proc/self/fd/${fdOut}`, 'r');
  t.is(readSync(again, Buffer.alloc(16)), 16);
  for (const fd of [fdIn, fdOut, again]) closeSync(fd);
});

test('the caller may close its descriptors at once', async (t) => {
  const fdIn = memfdWith(saveStream([record(1, pageData([{ pfn: 1n, fill: 1 }]))]));
  const fdOut = memfdCreate('thaw-test-out');
  const trimmed = trimStream(fdIn, fdOut);
  closeSync(fdIn);
  closeSync(fdOut);
  t.is((await trimmed).dataPages, 1);
});

const whole = saveStream([record(1, pageData([{ pfn: 1n, fill: 1 }, { pfn: 2n }]))]);

test('a stream cut anywhere is refused', async (t) => {
  const places = [0, 8, 15, 16, 20, 24, 40, 63, 64, 70, 80, 95, 96, 5000, whole.length - 1];
  for (const at of places) {
    await t.throwsAsync(trim(whole.subarray(0, at)), { code: 'ERR_XEN_BAD_STREAM' }, `${at}`);
  }
});

const inner = (records: Buffer[]): Buffer => saveStream(records);
const page = pageData([{ pfn: 1n, fill: 1 }]);
const badStreams: Record<string, Buffer> = {
  'another magic': Buffer.from('NotLibxlFmt-NotLibxlFmt-'),
  'another libxl version': Buffer.concat([libxlHeader(3), whole.subarray(16)]),
  'big endian': Buffer.concat([libxlHeader(2, 1), whole.subarray(16)]),
  'a body in LIBXC_CONTEXT': Buffer.concat([libxlHeader(), record(1, Buffer.alloc(8))]),
  'another inner version': saveStream([], libxcHeaders(1)),
  'another page size': saveStream([], libxcHeaders(3, 13)),
  'bytes after the end': Buffer.concat([whole, Buffer.from('x')]),
  'a count of zero': inner([record(1, pageData([]))]),
  'a count above the body': inner([record(1, pageData([{ pfn: 1n, fill: 1 }], 0xffffffff))]),
  'a body too short for its pages': inner([record(1, page.subarray(0, page.length - 8))]),
  'a body longer than its pages': inner([record(1, Buffer.concat([page, Buffer.alloc(8)]))]),
  'a body without a count': inner([record(1, Buffer.alloc(4))]),
  'a reserved page type': inner([record(1, pageData([{ pfn: 1n, type: TYPE.reserved }]))]),
  'a record above 128 MiB': inner([Buffer.from('0100000001000008', 'hex')]),
};

for (const [what, stream] of Object.entries(badStreams)) {
  test(`a stream with ${what} is refused`, async (t) => {
    await t.throwsAsync(trim(stream), { code: 'ERR_XEN_BAD_STREAM' });
  });
}

test('random damage never crashes the trimmer', async (t) => {
  const base = saveStream([
    record(0x10),
    record(1, pageData([{ pfn: 1n, fill: 1 }, { pfn: 2n }, { pfn: 3n, type: TYPE.xtab }])),
    record(9, Buffer.alloc(100, 5)),
  ]);
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    const damaged = Buffer.from(base);
    for (let i = 0; i <= random(4); i++) damaged[random(200)] = random(256);
    await trim(damaged).catch((error: unknown) => {
      t.is((error as { code?: string }).code, 'ERR_XEN_BAD_STREAM');
      refused++;
    });
  }
  t.true(refused > 100);
});

test('an output that cannot be written is an error with its errno', async (t) => {
  const fdIn = memfdWith(whole);
  const full = openSync('/dev/full', 'w');
  await t.throwsAsync(trimStream(fdIn, full), { code: 'ERR_XEN_ENOSPC' });
  closeSync(full);
  closeSync(fdIn);
});

test('wrong descriptors are TypeErrors', async (t) => {
  for (const fd of [-1, 1.5, NaN, 12345, '0' as unknown as number]) {
    await t.throwsAsync(trimStream(fd, 1), { instanceOf: TypeError });
  }
  t.throws(() => memfdCreate(''), { instanceOf: TypeError });
  t.throws(() => memfdCreate('x'.repeat(300)), { code: 'ERR_XEN_EINVAL' });
});
