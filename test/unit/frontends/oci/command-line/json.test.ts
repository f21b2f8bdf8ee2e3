// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { toJson } from '../../../../../toolstack/frontends/oci/command-line/json.js';

test('no limit is written as it was read, and all else as ever', (t) => {
  const text =
    '{"rlimits":[{"hard":18446744073709551615,"soft":1024}],"env":["A=18446744073709552000"]}';
  t.is(toJson(JSON.parse(text) as object), text);
  const plain = { a: [1, -1, 2 ** 53, null, 'b'], c: { d: true } };
  t.is(toJson(plain), JSON.stringify(plain));
});
