/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the 9P server the names of its own descriptors, and of nothing else in dom0. */
#ifndef SHIM_SHARES_OWN_PROC_H
#define SHIM_SHARES_OWN_PROC_H

/*
 * Returns an O_PATH descriptor of /proc/self/fd in a proc that shows only this process (proc(5), subset=pid) and that
 * is mounted nowhere: its `..` ends there. The process must be the first of a PID namespace. Returns -1 with errno;
 * EPERM for a process that has others beside it.
 */
int own_proc_descriptors(void);

#endif
