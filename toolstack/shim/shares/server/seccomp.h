/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the file server may make, from then on. */
#ifndef SHIM_FILES_SECCOMP_H
#define SHIM_FILES_SECCOMP_H

/* Any other ends the process. PR_SET_NO_NEW_PRIVS must be set. 0, or -1 with errno. */
int files_seccomp(void);

#endif
