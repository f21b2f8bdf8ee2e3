// SPDX-License-Identifier: Apache-2.0
// The interfaces of network drivers. Every driver connects guests. A managed driver also makes the networks that thaw network shows, and the
// attachments of sandboxes to them; what only some managed drivers do is an optional member.

import type { Steps } from '../../base/steps.js';
import type { AttachedAddress, Attachment } from '../attachment.js';
import type { NetworkRecord } from '../record.js';
import type { AttachRequest, NetworkRequest, Resolvers } from '../request.js';

/** `Target` says what the guest is connected to, `Connection` what the caller holds from then on. */
export interface NetworkDriver<Guest, Target, Connection> {
  readonly name: string;
  /** Connects dom0's end of the guest's interface, and tells the guest its addresses. */
  connect(guest: Guest, target: Target, steps: Steps): Connection;
}

/** The first interface of a sandbox's guest. */
export interface GuestInterface {
  /** dom0's name of the vif. */
  readonly vif: string;
  /** The bridge that the vif is a port of, '' for none; undefined for a vif that is plugged after the start. */
  readonly bridge: string | undefined;
  /** Sets the MAC where the guest has its template's, and these addresses. */
  configure(addresses?: readonly AttachedAddress[]): Promise<void>;
  /** Sends the rtnetlink messages that `messages` makes for the guest's number of the interface. */
  netlink(messages: (index: number) => Buffer[]): Promise<void>;
}

/** connect() resolves when the guest has what its attachment says. */
export interface ManagedDriver extends NetworkDriver<GuestInterface, Attachment, Promise<void>> {
  /** Whether thaw's packet rules (ports/rules.ts) cover its networks and publish their ports; else the driver sees to both. */
  readonly usesRules: boolean;
  /** Present where thaw gives out the addresses. */
  readonly addresses?: AddressSource;
  /** Present where a guest may run before its vif is in the network. */
  readonly deferred?: DeferredPlug;
  /** Present where programs of the driver's make the attachments. */
  readonly programs?: AttachmentPrograms;
  /** Whether the driver makes the network of that request. */
  accepts(request: NetworkRequest): boolean;
  /** The driver's part of a new network's record. Throws NetworkError, naming option, value and what is allowed. */
  plan(
    request: NetworkRequest,
    others: readonly NetworkRecord[],
  ): Omit<NetworkRecord, 'name' | 'driver' | 'hasDns' | 'labels' | 'created'>;
  /** Makes what the network needs in dom0. Idempotent: thawd calls it for each network when it starts. */
  prepare?(record: NetworkRecord): Promise<void>;
  /** Undoes prepare(). Idempotent. */
  remove?(record: NetworkRecord): Promise<void>;
}

/** Addresses that thaw gives out itself, without waiting. */
export interface AddressSource {
  /** Throws ERR_NETWORK_ADDRESS and ERR_NETWORK_FULL; nothing is reserved then. */
  reserve(record: NetworkRecord, request: AttachRequest): AttachedAddress[];
  /** Reserves the addresses that a sandbox of an earlier thawd has. */
  adopt(attachment: Attachment): void;
  release(attachment: Attachment): void;
}

export interface DeferredPlug {
  /** Resolves when the network forwards packets of a vif that the kernel is just making. Rejects with ERR_TIMEOUT, and with the signal's reason. */
  plug(vif: string, attachment: Attachment, signal: AbortSignal): Promise<void>;
}

/** Programs that make attachments, whose work has to be undone even after thawd was killed. */
export interface AttachmentPrograms {
  /** Resolves when attachments of that network whose release has begun are gone: their addresses and ports may be wanted again. */
  released(record: NetworkRecord): Promise<void>;
  /** Completes the attachment, whose host ports are held. Undoes all of it before it rejects. */
  attach(
    attachment: Attachment,
    record: NetworkRecord,
    request: AttachRequest,
    resolvers: Resolvers,
  ): Promise<void>;
  /** Idempotent; never rejects: failures are logged, and the next thawd tries again. */
  release(attachment: Attachment): Promise<void>;
  /** Begins to undo what a killed thawd left, but for the attachments of these ids. Never rejects. */
  sweep(known: ReadonlySet<string>): Promise<void>;
  /** Waits some seconds for releases that have begun. */
  close(): Promise<void>;
}
