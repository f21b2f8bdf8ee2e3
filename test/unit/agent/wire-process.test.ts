// SPDX-License-Identifier: Apache-2.0
// The agent's requests about containers have the layout of kernels/agent/proto.h.

import test from 'ava';
import { encodeExec, encodeHold, encodeLimit } from '../../../toolstack/agent/wire-process.js';

test('HOLD is one field', (t) => {
  t.is(encodeHold('c').toString('hex'), '0100000063');
});

test('LIMIT is five fields, of which an empty one leaves what there is', (t) => {
  t.is(
    encodeLimit({
      container: 'c',
      cpuMax: 'max 1',
      pidsMax: '',
      memoryMax: '9',
      freeze: '1',
    }).toString('hex'),
    '0100000063' + '050000006d61782031' + '00000000' + '0100000039' + '0100000031',
  );
});

test('EXEC is struct thaw_exec and two fields', (t) => {
  const bytes = encodeExec({
    process: 2,
    flags: 3,
    rows: 24,
    cols: 80,
    container: 'c',
    processJson: '{}',
  });
  t.is(bytes.toString('hex'), '020000000300000018005000' + '0100000063' + '020000007b7d');
});
