// SPDX-License-Identifier: Apache-2.0
// The copy engine's reader accepts complete streams of templates and nothing else. Tests on Xen cover the clones themselves.

import test, { type ExecutionContext } from 'ava';
import { closeSync, writeSync } from 'node:fs';
import { Image, memfdCreate } from '../../../bindings/index.js';
import { pageData, record, saveStream } from '../../support/xen/save-stream.js';
import {
  CONSOLE_GFN,
  hvmParams,
  p2mFrames,
  pvhStream,
  pvStream,
  STORE_GFN,
} from '../../support/xen/template-stream.js';

async function open(t: ExecutionContext, stream: Buffer): Promise<Image> {
  const fd = memfdCreate('thaw-test');
  writeSync(fd, stream);
  try {
    const image = await Image.open(fd);
    t.teardown(() => image.close());
    return image;
  } finally {
    closeSync(fd);
  }
}

const SPEC = {
  flags: 3,
  maxVcpus: 1,
  maxEvtchnPort: 1023,
  maxGrantFrames: 32,
  maxMaptrackFrames: 0,
  grantVersion: 1,
  cpupool: 0,
  emulationFlags: 1,
  miscFlags: 0,
  maxKib: 65536,
  memmapKib: 65536,
  poolBytes: 2 ** 20,
};

test('a PVH image has its frames; its rings are empty ones', async (t) => {
  const image = await open(t, pvhStream());
  t.is(image.type, 'pvh');
  t.is(image.frames, 5);
  t.is(image.dataPages, 2);
});

test('a frame that comes again counts once, with its last contents', async (t) => {
  const rings = [{ pfn: STORE_GFN }, { pfn: CONSOLE_GFN }];
  const pages = [{ pfn: 9n, type: 14n }, { pfn: 9n, fill: 1 }, { pfn: 9n, type: 14n }, ...rings];
  const image = await open(t, pvhStream({}, pages));
  t.is(image.frames, 3);
  t.is(image.dataPages, 1);
});

test('a PV image has its page tables, and the frames that only these name', async (t) => {
  const image = await open(t, pvStream({}, [0x2001n, 0x6001n, 0x4000n]));
  t.is(image.type, 'pv');
  t.is(image.frames, 4);
  t.is(image.dataPages, 2);
});

const whole = pvhStream();
const pages = (list: Parameters<typeof pageData>[0]) => ({ pageData: pageData(list) });
const bad: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  'another file': Buffer.alloc(4096, 0x55),
  'no libxenguest stream': saveStream([]).subarray(0, 16),
  'bytes after the end': Buffer.concat([whole, Buffer.alloc(8)]),
  'no pages': pvhStream({ pageData: undefined }),
  'no CPU policy': pvhStream({ cpuidPolicy: undefined }),
  'a policy of a wrong size': pvhStream({ cpuidPolicy: Buffer.alloc(25) }),
  'no TSC': pvhStream({ tscInfo: undefined }),
  'a short TSC': pvhStream({ tscInfo: Buffer.alloc(23) }),
  'no HVM context': pvhStream({ hvmContext: undefined }),
  'no rings': pvhStream({ hvmParams: hvmParams([]) }),
  'a ring without a frame': pvhStream({
    hvmParams: hvmParams([
      [1n, 77n],
      [17n, 78n],
    ]),
  }),
  'parameters of a wrong count': pvhStream({ hvmParams: hvmParams([[1n, 1n]]).subarray(0, 20) }),
  'a broken page': pvhStream(pages([{ pfn: 1n, type: 13n }])),
  'an unknown page type': pvhStream(pages([{ pfn: 1n, type: 5n }])),
  'a page table of a PVH domain': pvhStream(pages([{ pfn: 1n, type: 1n }])),
  'more entries than there are': pvhStream({ pageData: pageData([{ pfn: 1n }], 1000) }),
  'PV records of a PVH domain': pvhStream({ pvP2mFrames: p2mFrames(9, [1n]) }),
  'an unknown record': saveStream([record(0x77)]),
  'a 32-bit PV domain': pvStream({ pvInfo: Buffer.from([4, 3, 0, 0, 0, 0, 0, 0]) }),
  'a p2m list of a wrong size': pvStream({ pvP2mFrames: p2mFrames(9, [1n, 2n]) }),
  'a p2m list without end': pvStream({ pvP2mFrames: p2mFrames(0xffffffff, [1n]) }),
  'a frame above the highest': pvStream({ pvP2mFrames: p2mFrames(2, [1n]) }),
  'a page table entry above the highest': pvStream({}, [0xffff001n]),
  'no shared info': pvStream({ sharedInfo: undefined }),
  'shared info of a wrong size': pvStream({ sharedInfo: Buffer.alloc(4095) }),
  'no vCPU': pvStream({ pvVcpuBasic: undefined }),
  'a vCPU of a wrong size': pvStream({ pvVcpuBasic: Buffer.alloc(100) }),
  'an impossible vCPU': pvStream({ pvVcpuBasic: Buffer.alloc(5176, 0xff) }),
};

for (const [what, stream] of Object.entries(bad)) {
  test(`refused: ${what}`, async (t) => {
    const error = await t.throwsAsync(open(t, stream), { code: 'ERR_XEN_BAD_STREAM' });
    t.regex(error?.message ?? '', /: \S/);
  });
}

test('refused: a stream cut anywhere', async (t) => {
  for (let length = 0; length < whole.length; length += 97)
    await t.throwsAsync(open(t, whole.subarray(0, length)), { code: 'ERR_XEN_BAD_STREAM' });
});

test('misuse throws before anything is called', async (t) => {
  const image = await open(t, pvhStream());
  const handle = new Uint8Array(16);
  await t.throwsAsync(Image.open(-1), { instanceOf: TypeError });
  await t.throwsAsync(image.clone(handle.subarray(1), SPEC), { instanceOf: RangeError });
  for (const wrong of [{ ...SPEC, maxVcpus: -1 }, { ...SPEC, maxKib: 1.5 }, {}, undefined, 7])
    await t.throwsAsync(image.clone(handle, wrong as typeof SPEC), { instanceOf: TypeError });
  image.close();
  image.close();
  await t.throwsAsync(image.clone(handle, SPEC), { code: 'ERR_XEN_CLOSED' });
});
