// SPDX-License-Identifier: Apache-2.0
// A small launcher for tests, which may run as any user: node client.js SOCKET WORD... It sends `hello` to a process that it joins.

import { connect } from 'node:net';
import { ApiType, encodeRequest, REQUEST_MAX } from '../../../toolstack/api/wire.js';
import { decodeFields, encodeFrame, FrameParser } from '../../../toolstack/base/frame.js';

const [, , path = '', ...words] = process.argv;
const request = encodeRequest({
  cwd: '/',
  argv: ['thaw', ...words],
  env: [],
  ttys: { stdin: false, stdout: false, stderr: false },
  rows: 0,
  cols: 0,
});

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(99);
}

const thawd = connect(path);
thawd.on('error', fail);
thawd.write(encodeFrame(ApiType.REQUEST, 0, 0, request));
const parser = new FrameParser(REQUEST_MAX);
thawd.on('data', (chunk) => {
  for (const { type, id, arg, payload } of parser.push(chunk)) {
    if (type === ApiType.OUTPUT) (arg === 1 ? process.stdout : process.stderr).write(payload);
    else if (type === ApiType.JOIN) attach(String(decodeFields(payload, 2)[0]), id);
    else if (type === ApiType.DONE) process.exitCode = arg;
  }
});

function attach(shimPath: string, id: number): void {
  const shim = connect(shimPath);
  shim.on('error', fail);
  shim.write(encodeFrame(ApiType.ATTACH, id, 1));
  const frames = new FrameParser(65_536);
  shim.on('data', (chunk) => {
    for (const { type, payload } of frames.push(chunk)) {
      if (type === ApiType.ATTACHED) {
        shim.write(encodeFrame(ApiType.STREAM, id, 0, Buffer.from('hello')));
        thawd.write(encodeFrame(ApiType.JOINED, id, 0));
      } else if (type === ApiType.STREAM) process.stdout.write(payload);
      else if (type === ApiType.EXIT) shim.end();
    }
  });
}
