// SPDX-License-Identifier: Apache-2.0
// Reads the enum values and #defines of proto.h from the header itself.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Name → value of every enum constant and integer or string #define of kernels/agent/proto.h. */
export function readProtoHeader(): Map<string, number | string> {
  const text = readFileSync(headerPath(), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const values = new Map<string, number | string>();
  for (const [, name, value] of text.matchAll(/\b(THAW_\w+)\s*=\s*(0x[0-9a-f]+|\d+)/g)) {
    if (name !== undefined) values.set(name, Number(value));
  }
  for (const [, name, number, string] of text.matchAll(DEFINE)) {
    if (name !== undefined) values.set(name, string ?? Number(number));
  }
  return values;
}

const DEFINE = /#define (THAW_\w+)\s+(?:(0x[0-9a-f]+|\d+)u?\b|"([^"]*)")/g;

// The compiled test runs from dist/test/support, beside the tree's root or, in the lab, beside a copy of the header.
function headerPath(): string {
  return fileURLToPath(new URL('../../../../kernels/agent/proto.h', import.meta.url));
}
