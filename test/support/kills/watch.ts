// SPDX-License-Identifier: Apache-2.0
// Containers that live through all kills and can prove it afterwards: one writes numbered lines, one works on files.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './thawd.js';
import { busybox, runWords, startThaw, thaw, type Outcome } from '../dom0/thaw.js';

/** Checks that numbers come in a row: each once, none missing. Takes text in pieces, as they come. */
export class NumberedLines {
  #next: number | undefined;
  #rest = '';
  #fault: string | undefined;

  /** Counts from that number; undefined for the number of the first line. */
  constructor(first?: number) {
    this.#next = first;
  }

  push(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#next ??= Number(line);
      if (line !== String(this.#next))
        this.#fault ??= `"${line.slice(0, 100)}" and not ${this.#next}`;
      this.#next++;
    }
  }

  /** The number of lines, or the first fault. */
  get outcome(): { count: number; fault?: string } {
    const fault = this.#fault ?? (this.#rest === '' ? undefined : `half a line: "${this.#rest}"`);
    return { count: (this.#next ?? 0) - 1, ...(fault === undefined ? {} : { fault }) };
  }
}

/** Makes the file that ends the container's program; resolves with the faults. */
async function askToEnd(name: string, file: string): Promise<string[]> {
  const { status, stderr } = await command(['exec', name, 'touch', file]);
  // The program may see the file and end before touch has ended. Everything in the container is then killed, touch too.
  if (status === 0 || status === KILLED) return [];
  return [`${name} cannot be asked to end: status ${status}, ${stderr}`];
}

const KILLED = 128 + 9;

/** Writes much at once, then rests, so that the other containers run as well. Ends with 3 once /end exists. */
const COUNTER =
  'i=1; n=0; while [ ! -e /end ]; do n=$((n+1)); c=$((n%10 ? 50 : 2000)); seq $i $((i+c-1)); i=$((i+c)); sleep 2; done; exit 3';

/** Numbers its lines, to its log and to an attached launcher that is started here. */
export class Counting {
  readonly name: string;
  readonly #seen = new NumberedLines(1);
  readonly #ended: Promise<Outcome>;

  constructor(name: string) {
    this.name = name;
    const { child, done } = startThaw(runWords('--name', name, busybox, 'sh', '-c', COUNTER), {
      onOutput: (text) => this.#seen.push(text),
    });
    child.stdin?.end();
    this.#ended = done;
  }

  /** Ends the container; resolves with all faults. */
  async end(): Promise<string[]> {
    const faults: string[] = [];
    faults.push(...(await askToEnd(this.name, '/end')));
    const { status, stderr } = await this.#ended;
    if (status !== 3) faults.push(`its launcher ended with ${status} and not 3: ${stderr}`);
    const { fault, count } = this.#seen.outcome;
    if (fault !== undefined) faults.push(`its launcher got ${fault}`);
    const waited = await command(['wait', this.name]);
    if (waited.stdout !== '3\n') faults.push(`thaw wait says ${waited.stdout}${waited.stderr}`);
    // Printing the whole log takes thawd minutes in the lab, and a full log drops its oldest lines.
    const logged = new NumberedLines();
    logged.push((await thaw(['logs', '--tail', '10000', this.name])).stdout);
    if (logged.outcome.fault !== undefined) faults.push(`its log has ${logged.outcome.fault}`);
    if (logged.outcome.count !== count)
      faults.push(`its log ends with ${logged.outcome.count}, its launcher got ${count}`);
    return faults;
  }
}

/** Writes new files beside the old ones, replaces those, and keeps their sums. Ends with 5 once /data/end exists. */
const FILER = [
  'i=0; while [ ! -e /data/end ]; do i=$((i+1)); f=/data/f$((i%20)); head -c 20000 /dev/urandom >$f.new',
  'sum=$(sha256sum <$f.new); rm -f $f.sum; mv $f.new $f; echo ${sum%% *} >$f.sum; echo $i >>/data/done; sleep 2; done; exit 5',
].join('; ');

/** Works on files of a volume. */
export class Filing {
  readonly name: string;
  readonly volume: string;

  constructor(name: string, volume: string) {
    this.name = name;
    this.volume = volume;
  }

  start(): Promise<Outcome> {
    const words = ['-d', '--name', this.name, '-v', `${this.volume}:/data`];
    return command(runWords(...words, busybox, 'sh', '-c', FILER));
  }

  /** Ends the container; resolves with all faults. */
  async end(): Promise<string[]> {
    const faults: string[] = [];
    faults.push(...(await askToEnd(this.name, '/data/end')));
    const waited = await command(['wait', this.name]);
    if (waited.stdout !== '5\n') faults.push(`thaw wait says ${waited.stdout}${waited.stderr}`);
    const folder = `/var/lib/thaw/volumes/${this.volume}/_data`;
    const done = new NumberedLines(1);
    done.push(readFileSync(join(folder, 'done'), 'utf8'));
    if (done.outcome.fault !== undefined) faults.push(`its volume has ${done.outcome.fault}`);
    const sums = readdirSync(folder).filter((name) => name.endsWith('.sum'));
    if (sums.length !== Math.min(20, done.outcome.count))
      faults.push(`its volume has ${sums.length} files after ${done.outcome.count} steps`);
    for (const name of sums) {
      const file = readFileSync(join(folder, name.replace(/\.sum$/, '')));
      const wanted = readFileSync(join(folder, name), 'utf8').trim();
      if (createHash('sha256').update(file).digest('hex') !== wanted)
        faults.push(`${name} is not that of its file`);
    }
    return faults;
  }
}
