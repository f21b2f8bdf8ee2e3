// SPDX-License-Identifier: Apache-2.0
// How a sandbox speaks with its agent: by one link, which is made when it is needed, and with what its domain did where the agent is silent.

import { AgentError } from '../../agent/errors.js';
import type { AgentLink } from '../../agent/link.js';
import type { Domid } from '../../base/ids.js';
import { connectAgent } from '../../clone/template/boot.js';
import { whileUnknown } from '../../xen/death.js';
import type { XenHost } from '../../xen/host.js';
import { explainSilence } from './diagnose-timeout.js';

/** Until an agent that wakes up, or is asked again, has answered. */
export const WAKE_MS = 90_000;

export class AgentSide {
  readonly #host: XenHost;
  readonly #domid: Domid;
  readonly #gone = new AbortController();
  #link: AgentLink | undefined;
  #connecting: Promise<AgentLink> | undefined;

  /** Without a link it connects when it must. */
  constructor(host: XenHost, domid: Domid, link?: AgentLink) {
    this.#host = host;
    this.#domid = domid;
    if (link) this.#keep(link);
  }

  /** Aborts by end(). */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The link; a new one where an earlier thawd had it, or it was closed. */
  link(): Promise<AgentLink> {
    if (this.#link) return Promise.resolve(this.#link);
    this.#connecting ??= connectAgent(this.#host, this.#domid, WAKE_MS, { signal: this.gone })
      .then((link) => this.#keep(link))
      .finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  /** Has its agent do something, whose silence then says what its domain did meanwhile. Rejects as `call` does. */
  async ask(call: (link: AgentLink) => Promise<void>): Promise<void> {
    const link = await this.link();
    await call(link).catch(async (error: unknown) => {
      throw await explainSilence(this.#host, this.#domid, link, error);
    });
  }

  /** As ask(), of a domain that xenstore does not know: it would not say that it has ended. */
  askUnknown(call: (link: AgentLink) => Promise<void>): Promise<void> {
    return whileUnknown(this.#host, this.#domid, (lost) => {
      lost.addEventListener('abort', () => this.close(), { once: true });
      return this.ask(call);
    });
  }

  /** The next who asks connects anew. */
  close(): void {
    this.#link?.close();
  }

  /** Nobody asks it any more; who does, or waits, is told so. */
  end(): void {
    this.#gone.abort(new AgentError('ERR_AGENT_CLOSED', 'The sandbox is going'));
    this.close();
  }

  #keep(link: AgentLink): AgentLink {
    this.#link = link;
    void link.closed.then(() => {
      if (this.#link === link) this.#link = undefined;
    });
    if (this.#gone.signal.aborted) link.close();
    return link;
  }
}
