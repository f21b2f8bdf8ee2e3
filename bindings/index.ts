// SPDX-License-Identifier: Apache-2.0
// The interface of bindings/ for the rest of thaw. createBindings() binds the same interface to another addon, for tests.

import { copySparse, nextData } from './sparse.js';
import { Image } from './image.js';
import { Libxl } from './libxl.js';
import type { OpenOptions } from './libxl.js';
import { prepare } from './loader.js';
import { linkJoin } from './bridge-port.js';
import { loopAttach, loopDetach } from './loop.js';
import type { NativeAddon, NativeRouteWatch } from './native.js';
import { netlinkSend } from './netlink.js';
import { peerCredentials } from './peer.js';
import { routeWatch } from './route-watch.js';
import { memfdCreate, trimStream } from './trim.js';
import type { DataRange, PeerCredentials, TrimResult } from './types.js';
import { Vchan } from './vchan.js';
import type { VchanAttachOptions, VchanConnectOptions, VchanListenOptions } from './vchan.js';

export type { Abortable } from './abortable.js';
export { copySparse, nextData } from './sparse.js';
export { DeathWatch } from './death-watch.js';
export { XenError, xenErrorCode } from './errors.js';
export type { FailureInfo } from './errors.js';
export { Image } from './image.js';
export { Libxl } from './libxl.js';
export type { OpenOptions } from './libxl.js';
export { loadNative } from './loader.js';
export { linkJoin } from './bridge-port.js';
export { loopAttach, loopDetach } from './loop.js';
export type {
  NativeAddon,
  NativeContext,
  NativeImage,
  NativeRouteWatch,
  NativeVchan,
  RawEvent,
} from './native.js';
export { NETLINK, netlinkSend } from './netlink.js';
export { peerCredentials } from './peer.js';
export { routeWatch } from './route-watch.js';
export { memfdCreate, trimStream } from './trim.js';
export type * from './types.js';
export { Vchan } from './vchan.js';
export type { VchanAttachOptions, VchanConnectOptions, VchanListenOptions } from './vchan.js';

export interface Bindings {
  openLibxl(options?: OpenOptions): Promise<Libxl>;
  vchanConnect(options: VchanConnectOptions): Promise<Vchan>;
  vchanAttach(options: VchanAttachOptions): Promise<Vchan>;
  vchanListen(options: VchanListenOptions): Promise<Vchan>;
  trimStream(fdIn: number, fdOut: number): Promise<TrimResult>;
  memfdCreate(name: string): number;
  openImage(fd: number): Promise<Image>;
  loopAttach(file: string, writable?: boolean): Promise<string>;
  loopDetach(device: string): Promise<void>;
  linkJoin(name: string, bridge: string): Promise<void>;
  netlinkSend(protocol: number, messages: Uint8Array): Promise<void>;
  routeWatch(path: string, ignored: string, onChange: () => void): Promise<NativeRouteWatch>;
  peerCredentials(fd: number): PeerCredentials;
  copySparse(from: string, to: string): Promise<void>;
  nextData(fd: number, from: number): Promise<DataRange | undefined>;
}

/** Binds to an addon given as an object: the real addon or a fake. */
export function createBindings(native: NativeAddon): Bindings {
  prepare(native);
  return {
    openLibxl: (options) => Libxl.open(options, native),
    vchanConnect: (options) => Vchan.connect(options, native),
    vchanAttach: (options) => Vchan.attach(options, native),
    vchanListen: (options) => Vchan.listen(options, native),
    trimStream: (fdIn, fdOut) => trimStream(fdIn, fdOut, native),
    memfdCreate: (name) => memfdCreate(name, native),
    openImage: (fd) => Image.open(fd, native),
    loopAttach: (file, writable) => loopAttach(file, writable, native),
    loopDetach: (device) => loopDetach(device, native),
    linkJoin: (name, bridge) => linkJoin(name, bridge, native),
    netlinkSend: (protocol, messages) => netlinkSend(protocol, messages, native),
    routeWatch: (path, ignored, onChange) => routeWatch(path, ignored, onChange, native),
    peerCredentials: (fd) => peerCredentials(fd, native),
    copySparse: (from, to) => copySparse(from, to, native),
    nextData: (fd, from) => nextData(fd, from, native),
  };
}
