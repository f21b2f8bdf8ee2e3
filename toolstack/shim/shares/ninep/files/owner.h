// SPDX-License-Identifier: Apache-2.0
/* Sets the owner of created files. */
#ifndef THAW_NINEP_OWNER_H
#define THAW_NINEP_OWNER_H

#include <stdint.h>

/* Call once per process: keeps the capabilities independent of the owner below. Returns 0 or an errno. */
int owner_init(void);

/*
 * Files created between the two calls belong to uid and gid. The guest's kernel has checked the user's permission;
 * the server keeps its capabilities and so checks nothing again. EPERM for the invalid id UINT32_MAX, or without
 * permission to change ids.
 */
int owner_begin(uint32_t uid, uint32_t gid);
void owner_end(void);

#endif
