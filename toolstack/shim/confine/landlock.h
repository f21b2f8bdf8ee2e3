/* SPDX-License-Identifier: Apache-2.0 */
/* Limits a process to files below one folder, whatever descriptors it has. */
#ifndef SHIM_CONFINE_LANDLOCK_H
#define SHIM_CONFINE_LANDLOCK_H

/*
 * From then on this process opens, makes, renames and removes files below the folder `root` alone, or none at all for
 * -1. It executes none, connects to no port and signals no other process, as far as the kernel can refuse it (Landlock,
 * from Linux 5.19 on; an older kernel refuses nothing). Needs PR_SET_NO_NEW_PRIVS. Returns 0, or -1 with errno.
 */
int confine_landlock(int root);

#endif
