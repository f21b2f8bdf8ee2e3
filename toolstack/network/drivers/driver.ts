// SPDX-License-Identifier: Apache-2.0
// The interfaces of network drivers. Every driver connects guests. A managed driver also makes the networks that thaw network shows, and the
// attachments of sandboxes to them. Its optional members are for tasks that only some managed drivers have.

import type { Steps } from '../../base/steps.js';
import type { AttachedAddress, Attachment } from '../attachment.js';
import type { NetworkRecord } from '../record.js';
import type { AttachRequest, NetworkRequest, Resolvers } from '../request.js';

/** `Target` names the network end of a connection, `Connection` is the caller's handle to it. */
export interface NetworkDriver<Guest, Target, Connection> {
  readonly name: string;
  /** Connects dom0's end of the guest's interface, and tells the guest its addresses. */
  connect(guest: Guest, target: Target, steps: Steps): Connection;
}

/** dom0's end of a guest's interface. */
export interface GuestPort {
  /** dom0's name of the vif. */
  readonly vif: string;
  /** The guest's MAC. */
  readonly mac: string;
}

/** The first interface of a sandbox's guest. */
export interface GuestInterface extends GuestPort {
  /** The bridge of the vif, '' for none; undefined for a vif that is plugged after the start. */
  readonly bridge: string | undefined;
  /** Sets these addresses, and the MAC where the guest still has its template's. */
  configure(addresses?: readonly AttachedAddress[]): Promise<void>;
  /** Sends the rtnetlink messages that `messages` makes for the guest's number of the interface. */
  netlink(messages: (index: number) => Buffer[]): Promise<void>;
}

/** connect() resolves when the guest's interface is configured as in its attachment. */
export interface ManagedDriver extends NetworkDriver<GuestInterface, Attachment, Promise<void>> {
  /** True when thaw's packet rules (rules/rules.ts) cover its networks and publish their ports; false when the driver does both. */
  readonly usesRules: boolean;
  /** Present for a driver whose addresses thaw gives out. */
  readonly addresses?: AddressSource;
  /** Present for a driver whose guests may run before their vif is in the network. */
  readonly deferred?: DeferredPlug;
  /** Present for a driver whose own programs make the attachments. */
  readonly programs?: AttachmentPrograms;
  /** True when the driver makes the network of that request. */
  accepts(request: NetworkRequest): boolean;
  /** Returns the driver's part of a new network's record. Throws NetworkError, naming option, value and what is allowed. */
  plan(
    request: NetworkRequest,
    others: readonly NetworkRecord[],
  ): Omit<NetworkRecord, 'name' | 'driver' | 'hasDns' | 'labels' | 'created'>;
  /** Makes the network's objects in dom0. Idempotent: thawd calls it for each network when it starts. */
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
  plug(port: GuestPort, attachment: Attachment, signal: AbortSignal): Promise<void>;
}

/** Programs that make attachments, whose work has to be undone even after thawd was killed. */
export interface AttachmentPrograms {
  /** Resolves when all begun releases in that network are done: a new attachment may need their addresses and ports. */
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
  /** Begins to undo the attachments of a killed thawd, without those in `known`. Never rejects. */
  sweep(known: ReadonlySet<string>): Promise<void>;
  /** Waits some seconds for releases that have begun. */
  close(): Promise<void>;
}
