// SPDX-License-Identifier: Apache-2.0
/* As whom the server makes files. */
#ifndef THAW_NINEP_OWNER_H
#define THAW_NINEP_OWNER_H

#include <stdint.h>

/* Once for the process: what it may do must not change with the owner below. 0 or an errno. */
int owner_init(void);

/*
 * What is made between the two belongs to uid and gid. The guest's kernel has checked whether that user may; the server
 * keeps its capabilities, so it checks nothing again. EPERM for nobody (UINT32_MAX), or when the server may not.
 */
int owner_begin(uint32_t uid, uint32_t gid);
void owner_end(void);

#endif
