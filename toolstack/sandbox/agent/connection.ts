// SPDX-License-Identifier: Apache-2.0
// Holds a sandbox's link to its agent. Connects when the link is needed, and explains timeouts with the state of the domain.

import { AgentError } from '../../agent/errors.js';
import type { AgentLink } from '../../agent/agent-link.js';
import type { Domid } from '../../base/ids.js';
import { connectAgent } from '../../clone/template/boot.js';
import { whileUnknown } from '../../xen/death.js';
import type { XenHost } from '../../xen/host.js';
import { diagnoseTimeout } from './diagnose-timeout.js';

/** Deadline for an agent that wakes up or gets a new connection. */
export const WAKE_MS = 90_000;

export class AgentSide {
  readonly #host: XenHost;
  readonly #domid: Domid;
  readonly #gone = new AbortController();
  #link: AgentLink | undefined;
  #connecting: Promise<AgentLink> | undefined;

  /** Without a link, the first request connects. */
  constructor(host: XenHost, domid: Domid, link?: AgentLink) {
    this.#host = host;
    this.#domid = domid;
    if (link) this.#keep(link);
  }

  /** Aborts when end() is called. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Returns the link. Connects anew where an earlier thawd held the link, or the link was closed. */
  link(): Promise<AgentLink> {
    if (this.#link) return Promise.resolve(this.#link);
    this.#connecting ??= connectAgent(this.#host, this.#domid, WAKE_MS, { signal: this.gone })
      .then((link) => this.#keep(link))
      .finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  /** Runs `call` over the link. After a timeout the error also says what the domain did meanwhile. Rejects as `call` does. */
  async ask(call: (link: AgentLink) => Promise<void>): Promise<void> {
    const link = await this.link();
    await call(link).catch(async (error: unknown) => {
      throw await diagnoseTimeout(this.#host, this.#domid, link, error);
    });
  }

  /** Like ask(), for a domain that xenstored does not know yet and so cannot report as ended. */
  askUnknown(call: (link: AgentLink) => Promise<void>): Promise<void> {
    return whileUnknown(this.#host, this.#domid, (lost) => {
      lost.addEventListener('abort', () => this.close(), { once: true });
      return this.ask(call);
    });
  }

  /** Closes the link. The next request connects anew. */
  close(): void {
    this.#link?.close();
  }

  /** Closes the link for good: pending and later requests reject with ERR_AGENT_CLOSED. */
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
