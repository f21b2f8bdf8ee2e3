// SPDX-License-Identifier: Apache-2.0
// The audit log: a JSON line for each event in a file, and the same fields in thawd's log, which is the journal's.

import { mkdir, open, rename, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defined } from '../../base/defined.js';
import { describeError, errorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { Caller } from '../rules/caller.js';
import { entryOf, type AuditEntry, type AuditEvent } from './entry.js';

/** A larger file is renamed to FILE.1, FILE.1 to FILE.2, and so on; FILE.4 is the last one. */
const FILE_BYTES_MAX = 10 * 2 ** 20;
const OLD_FILES = 4;
/** Lines that wait for the disk. Later ones are counted as lost. */
const WAITING_MAX = 10_000;

/**
 * No call fails, and none waits for the disk: a request goes on while the disk is full or slow. Lines that could not be written are counted, and
 * the next line that can be written is preceded by one with their number.
 */
export class AuditLog {
  readonly #path: string;
  readonly #log: Log;
  readonly #bytesMax: number;
  #waiting: string[] = [];
  #lost = 0;
  #isFailing = false;
  #writing: Promise<void> | undefined;

  /** `path` is '' for no file. */
  constructor(path: string, log: Log, bytesMax = FILE_BYTES_MAX) {
    this.#path = path;
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  write(event: AuditEvent, caller: Caller, user: string): void {
    const entry = entryOf(event, caller, user, new Date());
    // The journal has a time of its own for each line.
    this.#log.info('Audit', defined({ ...entry, time: undefined }));
    if (this.#path === '') return;
    if (this.#waiting.length >= WAITING_MAX) this.#lost++;
    else this.#waiting.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
  }

  /** Resolves once all lines so far are written or lost. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #drain(): Promise<void> {
    // Lines of the same moment are written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append((this.#lost > 0 ? lostLine(this.#lost) : '') + lines.join(''));
        this.#lost = 0;
        this.#isFailing = false;
      } catch (error) {
        this.#lost += lines.length;
        if (!this.#isFailing)
          this.#log.error(`Cannot write ${this.#path}: ${describeError(error)}; requests go on`);
        this.#isFailing = true;
      }
    }
  }

  async #append(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o750 });
    await this.#rotate();
    const file = await open(this.#path, 'a', 0o600);
    try {
      await writeWhole(file, Buffer.from(text));
    } finally {
      await file.close();
    }
  }

  async #rotate(): Promise<void> {
    const size = await stat(this.#path).then(
      (file) => file.size,
      (error: unknown) => {
        if (errorCode(error) === 'ENOENT') return 0;
        throw error;
      },
    );
    if (size < this.#bytesMax) return;
    for (let i = OLD_FILES; i > 0; i--) {
      const from = i === 1 ? this.#path : `${this.#path}.${i - 1}`;
      await rename(from, `${this.#path}.${i}`).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
      });
    }
  }
}

/** Cuts a line off again that a full disk cut short, so that the file has whole lines alone. */
async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await file.stat();
  try {
    await file.writeFile(bytes);
  } catch (error) {
    await file.truncate(size).catch(() => undefined);
    throw error;
  }
}

function lostLine(count: number): string {
  const entry: Pick<AuditEntry, 'time' | 'event'> & { lines: number } = {
    time: new Date().toISOString(),
    event: 'lost',
    lines: count,
  };
  return `${JSON.stringify(entry)}\n`;
}
