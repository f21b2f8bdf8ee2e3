// SPDX-License-Identifier: Apache-2.0
// Keeps the packet rules' sets of the addresses from which guests may send. Changes go to dom0's kernel without starting a process.

import { sleep } from '../../base/deadline.js';
import { describeError, errorCode } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import type { HostNetwork } from '../host-network.js';
import { elementMessages } from '../netlink/set-elements.js';
import type { NetworkRecord } from '../record.js';
import { FRAME_TABLE, renderFrameRules } from '../rules/frames.js';
import {
  elementsOf,
  elementText,
  encodeElement,
  type Source,
  type SourceElement,
} from './source.js';

const NO_SUCH_OBJECT = 'ERR_XEN_ENOENT';
/** Guests that end within this time leave the rules together. */
const GATHER_MS = 2000;
/** The time until rules that could not be loaded are tried again. */
const RETRY_MS = 60_000;
const CLOSE_TRIES = 10;
const CLOSE_TRY_MS = 100;
/** The most elements in one message to the kernel, which a socket's buffer has to hold. */
const BATCH_MAX = 256;

interface Services {
  host: HostNetwork;
  log: Log;
  /** Returns the networks that have a bridge. */
  networks: () => NetworkRecord[];
  /** Loads the other packet rules, which went with the table of frames. */
  reload: () => Promise<void>;
}

export class Sources {
  readonly #host: HostNetwork;
  readonly #log: Log;
  readonly #networks: () => NetworkRecord[];
  readonly #reload: () => Promise<void>;
  /** By the vif's name. */
  readonly #admitted = new Map<string, Source>();
  /** False where dom0's kernel has no filters for bridges. */
  #isFiltered = true;
  #failedAt = 0;
  #loading: Promise<void> = Promise.resolve();
  /** Sources that leave, and whether their vif is in no bridge any more, though it may be there. */
  readonly #leaving = new Map<Source, boolean>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ host, log, networks, reload }: Services) {
    this.#host = host;
    this.#log = log;
    this.#networks = networks;
    this.#reload = reload;
  }

  /** Admits a guest's frames by its vif, which takes the place of an earlier source with that vif. Rejects with the kernel's refusal. */
  async admit(source: Source): Promise<void> {
    const before = this.#admitted.get(source.vif);
    this.#admitted.set(source.vif, source);
    // A load that has begun may not know the source.
    await this.#loading;
    const now = elementsOf(source);
    const earlier = before ? elementsOf(before) : [];
    await this.#delete(without(earlier, now));
    if (!this.#isFiltered) {
      this.#tryAgain();
      return;
    }
    try {
      await this.#host.sendRules(
        elementMessages('ADD', FRAME_TABLE, without(now, earlier).map(encodeElement)),
      );
    } catch (error) {
      if (errorCode(error) !== NO_SUCH_OBJECT) throw error;
      this.#log.warn('Someone has removed the packet rules of networks: they are loaded again');
      await Promise.all([this.load(), this.#reload()]);
    }
  }

  /** A load may have failed for a passing reason. */
  #tryAgain(): void {
    if (performance.now() - this.#failedAt < RETRY_MS) return;
    this.#failedAt = performance.now();
    void this.load();
  }

  /** Takes over a source that an earlier thawd admitted, or that has to be admitted by the next load(). */
  adopt(source: Source): void {
    this.#admitted.set(source.vif, source);
  }

  /** Withdraws soon what admit() did: the guest has ended, or its vif `isOut` of its bridge. Idempotent. */
  withdraw(vif: string, isOut = false): void {
    const source = this.#admitted.get(vif);
    if (!source || this.#leaving.has(source)) return;
    this.#leaving.set(source, isOut);
    this.#timer ??= setTimeout(() => void this.#withdrawAll(), GATHER_MS).unref();
  }

  /**
   * Deletes the elements of all that leave, in one transaction: the kernel takes milliseconds for each that deletes. A vif that is still there stays
   * without addresses, so that nothing of its guest passes.
   */
  async #withdrawAll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const stale: SourceElement[] = [];
    const leaving = [...this.#leaving];
    this.#leaving.clear();
    for (const [source, isOut] of leaving) {
      const { vif } = source;
      if (this.#admitted.get(vif) !== source) continue;
      if (!isOut && this.#host.has(vif)) {
        const silent = { vif, addresses: [], isFree: false };
        this.#admitted.set(vif, silent);
        // Goes with the next ones that leave, once its vif has gone.
        this.#leaving.set(silent, false);
        stale.push(...without(elementsOf(source), elementsOf(silent)));
      } else {
        this.#admitted.delete(vif);
        stale.push(...elementsOf(source));
      }
    }
    await this.#delete(stale).catch((error: unknown) => {
      this.#log.warn(`Packet rules keep addresses of ended guests: ${describeError(error)}`);
    });
  }

  /** Elements that are gone already are no failure. */
  async #delete(elements: readonly SourceElement[]): Promise<void> {
    await this.#loading;
    if (elements.length === 0 || !this.#isFiltered) return;
    for (let at = 0; at < elements.length; at += BATCH_MAX) {
      const some = elements.slice(at, at + BATCH_MAX).map(encodeElement);
      await this.#host
        .sendRules(elementMessages('DELETE', FRAME_TABLE, some))
        .catch((error: unknown) => {
          if (errorCode(error) !== NO_SUCH_OBJECT) throw error;
        });
    }
  }

  /** Withdraws all that leaves, and waits a moment for interfaces that are about to go. Never rejects. */
  async close(): Promise<void> {
    for (let tries = 0; tries < CLOSE_TRIES; tries++) {
      await this.#withdrawAll();
      if (this.#leaving.size === 0) return;
      await sleep(CLOSE_TRY_MS);
    }
  }

  /** Loads the rules with all sources after all earlier loads. Never rejects: networks work without these rules, and a warning says what is missing. */
  load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#load());
    return this.#loading;
  }

  async #load(): Promise<void> {
    const attempt = async (namesBridges: boolean): Promise<unknown> => {
      const sources = [...this.#admitted.values()];
      const rules = renderFrameRules(this.#networks(), sources, { namesBridges });
      return this.#host.load(rules).then(
        () => undefined,
        (error: unknown) => error,
      );
    };
    const failure = (await attempt(true)) && (await attempt(false));
    this.#isFiltered = failure === undefined;
    if (failure === undefined) return;
    this.#failedAt = performance.now();
    this.#log.warn(
      `A guest may send from addresses of other guests of its network, or pose as router or DHCP server, as dom0's kernel does not filter frames: ${describeError(failure)}`,
    );
  }
}

function without(
  elements: readonly SourceElement[],
  others: readonly SourceElement[],
): SourceElement[] {
  if (others.length === 0) return [...elements];
  const texts = new Set(others.map((element) => `${element.set} ${elementText(element)}`));
  return elements.filter((element) => !texts.has(`${element.set} ${elementText(element)}`));
}
