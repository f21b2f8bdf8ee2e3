// SPDX-License-Identifier: Apache-2.0
// How a container's log file is read: lines of `TIME STREAM F|P TEXT` as the shim writes them (docs/shim.md).

export interface LogEntry {
  stream: 'stdout' | 'stderr';
  /** As the container wrote it; a full line with its line break. */
  bytes: Buffer;
}

/** The entries of a log, byte for byte. A line that is cut off or malformed is left out. */
export async function* readLog(file: AsyncIterable<Buffer | string>): AsyncGenerator<LogEntry> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of file) {
    let bytes = Buffer.concat([rest, Buffer.from(chunk)]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const entry = parseLogLine(bytes.subarray(0, end));
      if (entry) yield entry;
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
  }
}

const NEWLINE = 0x0a;

/** One line without its line break; undefined when it is none of the shim's. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const match = /^\S+ (stdout|stderr) ([FP]) /.exec(line.toString('latin1', 0, HEAD_MAX));
  if (!match) return undefined;
  const [head, stream, kind] = match;
  const text = line.subarray(head.length);
  const bytes = kind === 'F' ? Buffer.concat([text, Buffer.from([NEWLINE])]) : text;
  return { stream: stream === 'stderr' ? 'stderr' : 'stdout', bytes };
}

/** Time, stream and kind take less. */
const HEAD_MAX = 64;
