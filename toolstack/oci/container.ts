// SPDX-License-Identifier: Apache-2.0
// One container of an engine's after its create: what its process's end means, whoever asks for it.

import { constants } from 'node:os';
import type { ExitStatus } from '../api/wire.js';
import type { Log } from '../base/log.js';
import { Execs, INIT_PROCESS } from '../sandbox/execs.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { ShimEvents } from '../sandbox/shim-client.js';
import type { OciRecord, OciStore } from './record.js';

/** The process that config.json describes, on its sandbox's channels. */
export const FIRST_PROCESS = INIT_PROCESS;

export class OciContainer {
  readonly record: OciRecord;
  sandbox: Sandbox | undefined;
  readonly execs = new Execs();
  /** Pids of the processes beside the first. */
  readonly standIns = new Map<number, number>();
  /** Whether somebody has asked for its start: it may be once. */
  isStarting = false;
  /** Whether Xen is asked to keep it still: from then on no signal reaches it. */
  isPausing = false;
  /** Settles when all of it is gone, once somebody wanted that. */
  removing: Promise<void> | undefined;
  /** Settles when its create has, while that is under way. */
  making: Promise<void> | undefined;
  /** Aborts when it is to go: nobody wants what is still being made. */
  readonly going = new AbortController();
  readonly #store: OciStore;
  readonly #log: Log;
  /** Resolves when it has ended and its domain is gone. */
  readonly ended: Promise<void>;
  #hasEnded: () => void = () => undefined;
  #written: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;

  constructor(record: OciRecord, store: OciStore, log: Log) {
    this.record = record;
    this.#store = store;
    this.#log = log;
    this.ended = new Promise((resolve) => (this.#hasEnded = resolve));
  }

  get events(): ShimEvents {
    return {
      onExit: (process, exit) => {
        if (process === FIRST_PROCESS) return void this.end({ exit });
        this.execs.end(process, exit);
        this.standIns.delete(process);
      },
      onLost: (reason) => void this.end({ reason }),
      onGone: () => void this.end({ reason: 'its shim ended' }),
    };
  }

  /** Changes what is written down, then writes it, after what was to be written before. */
  update(change: Partial<OciRecord>): Promise<void> {
    Object.assign(this.record, change);
    const written = this.#written.then(() => this.#store.save(this.record));
    this.#written = written.catch(() => undefined);
    return written;
  }

  /** It has ended, so its domain goes. Resolves when that has. Idempotent; never rejects, what fails is logged. */
  end(how: { exit: ExitStatus } | { reason: string }): Promise<void> {
    this.#ending ??= this.#finish(how).finally(this.#hasEnded);
    return this.#ending;
  }

  /** As one that was killed, whatever it was doing. */
  kill(): Promise<void> {
    return this.end({ exit: { kind: 'signaled', signal: constants.signals.SIGKILL } });
  }

  async #finish(how: { exit: ExitStatus } | { reason: string }): Promise<void> {
    const { id } = this.record;
    if ('reason' in how) this.#log.warn(`OCI container ${id} is lost: ${how.reason}`);
    Object.assign(this.record, how, { state: 'stopped' });
    this.execs.endAll();
    this.standIns.clear();
    await this.sandbox?.destroy();
    this.sandbox = undefined;
    await this.update({}).catch((error: unknown) =>
      this.#log.error(`Cannot write down the end of OCI container ${id}`, { error }),
    );
  }
}
