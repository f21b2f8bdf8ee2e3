// SPDX-License-Identifier: Apache-2.0
// libxl's messages reach thawd's log.

import test from 'ava';
import { PassThrough } from 'node:stream';
import { createLogger, transports } from 'winston';
import { closeXenHost, openXenHost } from '../../../toolstack/xen/host.js';

test('libxl’s lines come into winston at their level, marked as its own', async (t) => {
  const stream = new PassThrough();
  const log = createLogger({ level: 'debug', transports: [new transports.Stream({ stream })] });
  const host = await openXenHost(log);
  try {
    await t.throwsAsync(host.libxl.domainConfigFromDomid(32000));
  } finally {
    await closeXenHost(host);
  }
  const lines = String(stream.read() ?? '');
  t.regex(lines, /"level":"error","message":"libxl: .*32000/);
});
