/* SPDX-License-Identifier: Apache-2.0 */
/* The rings of a guest's 9pfs device: requests in, replies out (xen/io/9pfs.h). */
#ifndef SHIM_FILES_RINGS_H
#define SHIM_FILES_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../../kernels/agent/proto.h"

struct rings;

/* Maps the rings that a guest has granted, new ones unless another server has used them. NULL with what failed in text.
 */
struct rings *rings_map(unsigned domid, const struct thaw_share *untrusted, bool resumes, char *text, size_t size);

/* Readable when the guest has said something; rings_woken() must then come before the rings are looked at. */
int rings_fd(const struct rings *rings);
int rings_woken(struct rings *rings);

/*
 * The next whole request of any ring, copied out of the guest's reach, when that ring has room for the longest reply.
 * Returns its length, 0 when there is none, -1 when the guest broke the protocol. The reply belongs to *ring_out.
 */
ssize_t rings_next(struct rings *rings, uint8_t request[THAW_FILES_MSIZE], unsigned *ring_out);
void rings_reply(struct rings *rings, unsigned ring, const uint8_t *reply, size_t n);

#endif
