/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the rings of a guest's 9pfs device: requests in, replies out (xen/io/9pfs.h). */
#ifndef SHIM_SHARES_RINGS_H
#define SHIM_SHARES_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../../kernels/agent/proto.h"

struct rings;

/* Maps a guest's granted rings. resumes: another server has used them before. Returns NULL with the error message in
 * text. */
struct rings *rings_map(unsigned domid, const struct thaw_share *untrusted, bool resumes, char *text, size_t size);

/* Returns a descriptor, readable after an event of the guest. Call rings_woken() then, before reading the rings. */
int rings_fd(const struct rings *rings);
int rings_woken(struct rings *rings);

/*
 * Copies the next whole request of any ring out of the guest's reach, if that ring has room for the longest reply.
 * Returns its length, 0 without a request, -1 when the guest broke the protocol. The reply belongs in *ring_out.
 */
ssize_t rings_next(struct rings *rings, uint8_t request[THAW_SHARE_MSIZE], unsigned *ring_out);
void rings_reply(struct rings *rings, unsigned ring, const uint8_t *reply, size_t n);

#endif
