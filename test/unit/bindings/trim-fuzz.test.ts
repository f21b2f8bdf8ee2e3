// SPDX-License-Identifier: Apache-2.0
// The trimmer survives any stream.

import test from 'ava';
import { canFuzz, FUZZ_SECONDS, runFuzzer } from '../../support/fuzz.js';
import { TYPE, pageData, record, saveStream } from '../../support/xen/save-stream.js';

const declare = canFuzz() ? test : test.skip;

declare(`any stream, for ${FUZZ_SECONDS} s`, (t) => {
  const pages = [{ pfn: 1n, fill: 1 }, { pfn: 2n }, { pfn: 3n, type: TYPE.xtab }];
  const again = record(1, pageData([{ pfn: 1n }]));
  runFuzzer(t, {
    sources: ['test/fuzz/trim_stream_fuzz.cpp', 'bindings/src/util/stream/trim_stream.cpp'],
    corpus: [
      saveStream([record(0x10), record(1, pageData(pages)), again]),
      saveStream([record(9, Buffer.alloc(20, 5))]),
    ],
  });
});
