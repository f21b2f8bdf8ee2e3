// SPDX-License-Identifier: Apache-2.0
// How a container's log file is read: lines of `TIME STREAM F|P TEXT` as the shim writes them (docs/shim.md).

export interface LogEntry {
  /** As the shim wrote it: RFC 3339 with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** Whether the line ends with it. */
  isWhole: boolean;
  /** As the container wrote it; a full line with its line break. */
  bytes: Buffer;
}

/** Takes a log apart, whatever the pieces it comes in. A line that is cut off or malformed is left out. */
export class LogParser {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<LogEntry> {
    let bytes: Buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      const entry = parseLogLine(bytes.subarray(0, end));
      if (entry) yield entry;
      bytes = bytes.subarray(end + 1);
    }
    // A copy: the chunk's memory may be used again.
    this.#rest = Buffer.from(bytes);
  }
}

const NEWLINE = 0x0a;

/** One line without its line break; undefined when it is none of the shim's. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const match = /^(\S+) (stdout|stderr) ([FP]) /.exec(line.toString('latin1', 0, HEAD_MAX));
  if (!match) return undefined;
  const [head, time = '', stream, kind] = match;
  const text = line.subarray(head.length);
  const isWhole = kind === 'F';
  const bytes = isWhole ? Buffer.concat([text, Buffer.from([NEWLINE])]) : Buffer.from(text);
  return { time, stream: stream === 'stderr' ? 'stderr' : 'stdout', isWhole, bytes };
}

/** Time, stream and kind take less. */
const HEAD_MAX = 64;
