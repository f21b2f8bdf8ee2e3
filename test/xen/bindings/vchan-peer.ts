// SPDX-License-Identifier: Apache-2.0
// The second process of the vchan tests: `vchan-peer ROLE PATH WHAT`. It reports over IPC.

import { Vchan } from '../../../bindings/index.js';

const [role, path = '', what = ''] = process.argv.slice(2);
const say = (word: unknown): void => void process.send?.(word);

const vchan =
  role === 'listen'
    ? await Vchan.listen({ domid: 0, path, leftMin: 65536, rightMin: 65536 })
    : await Vchan.connect({ domid: 0, path });
vchan.on('error', () => {});
say('ready');

const count = (): void => {
  let bytes = 0;
  vchan.on('data', (chunk: Buffer) => (bytes += chunk.length));
  vchan.on('end', () => say(bytes));
};

switch (what) {
  case 'echo':
    vchan.pipe(vchan);
    break;
  case 'count':
    count();
    break;
  case 'stall':
    process.once('message', count);
    break;
  case 'say-and-end':
    vchan.once('connect', () => vchan.end(Buffer.alloc(100_000, 2)));
    break;
  default:
    throw new Error(`Unknown work: ${what}`);
}
