// SPDX-License-Identifier: Apache-2.0
// Parses a container's log file: lines of `TIME STREAM F|P TEXT` as the shim writes them (docs/shim.md).

export interface LogEntry {
  /** The shim's time stamp: RFC 3339 with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** True when the line ends with this entry. */
  isWhole: boolean;
  /** The container's output. A whole line has its line break. */
  bytes: Buffer;
}

/** Parses a log that comes in chunks of any size. Leaves out a line that is cut off or malformed. */
export class LogParser {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<LogEntry> {
    let bytes: Buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const entry = parseLogLine(bytes.subarray(0, end));
      if (entry) yield entry;
      bytes = bytes.subarray(end + 1);
    }
    // Copied, as the caller may use the chunk's memory again.
    this.#rest = Buffer.from(bytes);
  }
}

const NEWLINE = 0x0a;

/** Parses one line without its line break. Returns undefined for a line that the shim did not write. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) /.exec(line.toString('latin1', 0, HEAD_MAX));
  if (!match) return undefined;
  const [head, time = '', stream, kind] = match;
  const text = line.subarray(head.length);
  const isWhole = kind === 'F';
  const bytes = isWhole ? Buffer.concat([text, Buffer.from([NEWLINE])]) : Buffer.from(text);
  return { time, stream: stream === 'stderr' ? 'stderr' : 'stdout', isWhole, bytes };
}

/** Time, stream and kind take fewer bytes. */
const HEAD_MAX = 64;
