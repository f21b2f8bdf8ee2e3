// SPDX-License-Identifier: Apache-2.0
// A log returns the container's output byte for byte, however the file is cut into chunks.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import {
  LogParser,
  parseLogLine,
  type LogEntry,
} from '../../../../toolstack/runtime/logs/parse.js';

const TIME = '2026-11-24T08:04:12.123456789+00:00';

function read(chunks: Iterable<Buffer>): LogEntry[] {
  const parser = new LogParser();
  return [...chunks].flatMap((chunk) => [...parser.push(chunk)]);
}

/** A log of that output, as the shim writes it: full lines, and a partial record at the end if no line break is there. */
function logOf(stream: string, output: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0x0a, at);
    const stop = end < 0 ? output.length : end;
    parts.push(Buffer.from(`${TIME} ${stream} ${end < 0 ? 'P' : 'F'} `), output.subarray(at, stop));
    parts.push(Buffer.from('\n'));
    at = stop + 1;
  }
  return Buffer.concat(parts);
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('lines and pieces come back on their streams', (t) => {
  const log = Buffer.concat([
    logOf('stdout', Buffer.from('one\n\nthree')),
    logOf('stderr', Buffer.from('oops\n')),
  ]);
  t.deepEqual(
    read([log]).map(({ stream, bytes }) => [stream, bytes.toString()]),
    [
      ['stdout', 'one\n'],
      ['stdout', '\n'],
      ['stdout', 'three'],
      ['stderr', 'oops\n'],
    ],
  );
});

test('any bytes come back as they went, whatever the chunks', (t) => {
  const output = randomBytes(20_000);
  const log = logOf('stdout', output);
  for (const size of [1, 7, 100, 65536]) {
    const entries = read(cut(log, size));
    t.true(Buffer.concat(entries.map(({ bytes }) => bytes)).equals(output), `chunks of ${size}`);
  }
});

test('a text that looks like a head stays text', (t) => {
  const output = Buffer.from(`${TIME} stderr F not a head\n`);
  const [entry, ...more] = read([logOf('stdout', output)]);
  t.deepEqual(more, []);
  t.is(entry?.stream, 'stdout');
  t.is(entry?.bytes.toString(), output.toString());
});

test('what is cut off or malformed is left out, and the rest is not', (t) => {
  const good = logOf('stdout', Buffer.from('good\n'));
  const log = Buffer.concat([Buffer.from('nonsense\n\n'), good, good.subarray(0, good.length - 1)]);
  t.deepEqual(read([log]).length, 1);
  for (const line of ['', TIME, `${TIME} stdout`, `${TIME} stdin F x`, `${TIME} stdout X x`])
    t.is(parseLogLine(Buffer.from(line)), undefined, line);
});
