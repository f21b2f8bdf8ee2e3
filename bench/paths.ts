// SPDX-License-Identifier: Apache-2.0
// Paths in the lab's dom0.

export const GUEST = process.env['THAW_BENCH_GUEST'] ?? '/usr/lib/thaw/guest';
export const IMAGE = process.env['THAW_BENCH_IMAGE'] ?? 'oci:/mnt/images/busybox:latest';
/** This image has perl. */
export const INTERPRETER_IMAGE = 'oci-archive:/mnt/images/debian.oci.tar';
/** In RAM, like all of dom0's storage under the instruction clock. */
export const WORK = '/run/thaw-bench';
