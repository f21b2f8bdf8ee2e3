// SPDX-License-Identifier: Apache-2.0
// The host directories and programs that one thawd uses.

export interface Paths {
  /** Containers, images and templates; lasts. */
  state: string;
  /** Sockets and what else does not outlive a reboot. */
  run: string;
  socket: string;
  /** vmlinux, initrd and cmdline. */
  guest: string;
  shim: string;
}
