/* SPDX-License-Identifier: Apache-2.0 */
/* Limits the system calls of the 9P server. */
#ifndef SHIM_SHARES_SECCOMP_H
#define SHIM_SHARES_SECCOMP_H

/* Any other system call ends the process from then on. Needs PR_SET_NO_NEW_PRIVS. Returns 0, or -1 with errno. */
int shares_seccomp(void);

#endif
