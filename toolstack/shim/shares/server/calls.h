/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIM_SHARES_CALLS_H
#define SHIM_SHARES_CALLS_H

#include "confine/seccomp.h"

/* The system calls that the 9P server needs. */
extern const struct seccomp_filter shares_calls;

#endif
