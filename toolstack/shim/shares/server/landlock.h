/* SPDX-License-Identifier: Apache-2.0 */
/* Limits the 9P server to files below its tree, whatever descriptors it has. */
#ifndef SHIM_SHARES_LANDLOCK_H
#define SHIM_SHARES_LANDLOCK_H

/*
 * From then on this process opens, makes, renames and removes files below the folder `root` alone, executes none,
 * connects to no port and signals no other process, as far as the kernel can refuse it (Landlock, from Linux 5.19 on;
 * an older kernel refuses nothing). Needs PR_SET_NO_NEW_PRIVS. Returns 0, or -1 with errno.
 */
int shares_landlock(int root);

#endif
