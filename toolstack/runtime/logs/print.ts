// SPDX-License-Identifier: Apache-2.0
// thaw logs: selects the lines of a container's log that the client asked for, and formats them.

import type { Client, LogOptions } from '../../api/engine.js';
import type { Container } from '../lifecycle/container.js';
import { LogParser, type LogEntry } from './parse.js';
import { readLogFiles } from './read.js';
import type { ContainerServices } from '../store/containers.js';
import { isUp } from '../lifecycle/lifecycle.js';

/** Copies a container's log to the client, with stdout and stderr separate. */
export async function printLogs(
  { records }: ContainerServices,
  container: Container,
  options: LogOptions,
  client: Client,
): Promise<void> {
  const { record } = container;
  const path = records.logPath(record.id);
  const { signal } = client;
  const show = new LogPrinter(options, client);
  let toSkip = 0;
  const follows = options.follow && isUp(record);
  // Only a client that follows gets lines that are written during the count and the copy.
  let left = follows ? Infinity : (options.tail ?? Infinity);
  if (options.tail !== undefined) {
    const total = await countLines(path, options, signal);
    toSkip = Math.max(0, total - options.tail);
  }
  const parser = new LogParser();
  const files = readLogFiles(path, { until: follows ? container.ended : undefined, signal });
  for await (const chunk of files) {
    for (const entry of parser.push(chunk)) {
      if (!isWanted(entry, options)) continue;
      if (toSkip > 0) {
        if (entry.isWhole) toSkip--;
        continue;
      }
      if (left <= 0 && entry.isWhole) return;
      show.print(entry);
      if (entry.isWhole) left--;
    }
    await client.drained();
  }
}

/** Counts the present lines. A piece without its line's end does not count, but is shown. */
async function countLines(path: string, options: LogOptions, signal: AbortSignal): Promise<number> {
  const parser = new LogParser();
  let lines = 0;
  for await (const chunk of readLogFiles(path, { signal }))
    for (const entry of parser.push(chunk)) if (entry.isWhole && isWanted(entry, options)) lines++;
  return lines;
}

function isWanted({ time }: LogEntry, { since, until }: LogOptions): boolean {
  if (since === undefined && until === undefined) return true;
  const ms = Date.parse(time);
  return !(ms < (since ?? -Infinity)) && !(ms > (until ?? Infinity));
}

class LogPrinter {
  readonly #options: LogOptions;
  readonly #client: Client;
  readonly #inLine = { stdout: false, stderr: false };

  constructor(options: LogOptions, client: Client) {
    this.#options = options;
    this.#client = client;
  }

  /** Puts the time before each line, not before each piece of a line. */
  print({ time, stream, bytes, isWhole }: LogEntry): void {
    const write = (text: string | Buffer): void =>
      stream === 'stderr' ? this.#client.err(text) : this.#client.out(text);
    if (this.#options.timestamps && !this.#inLine[stream]) write(`${time} `);
    write(bytes);
    this.#inLine[stream] = !isWhole;
  }
}
