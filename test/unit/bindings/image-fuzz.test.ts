// SPDX-License-Identifier: Apache-2.0
// The copy engine's reader survives any stream.

import test from 'ava';
import { canFuzz, FUZZ_SECONDS, runFuzzer } from '../../support/fuzz.js';
import { pvhStream, pvStream } from '../../support/xen/template-stream.js';

const declare = canFuzz() ? test : test.skip;

declare(`any image, for ${FUZZ_SECONDS} s`, (t) => {
  const parts = [
    'image/image_reader',
    'image/image_frames',
    'image/image',
    'image/page_store',
    'domain/grant_limit',
    'domain/xen_handles',
  ];
  runFuzzer(t, {
    sources: ['test/fuzz/image_fuzz.cpp', ...parts.map((file) => `bindings/src/clone/${file}.cpp`)],
    libraries: ['-lxencall', '-lxengnttab', '-lxenctrl', '-lxenforeignmemory', '-lxentoollog'],
    corpus: [pvhStream(), pvStream()],
  });
});
