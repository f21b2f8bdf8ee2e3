// SPDX-License-Identifier: Apache-2.0
/* Checks every frame from the guest before the shim takes a byte of its payload. */
#ifndef THAW_SHIM_GUEST_CHECK_H
#define THAW_SHIM_GUEST_CHECK_H

#include "relay/relay.h"

/* A struct frame_sink's head; ctx is the shim. Takes a STREAM's bytes off the guest's credit. */
enum frame_verdict guest_head(void *ctx, const struct thaw_frame *untrusted);
/* Ends the sandbox for a forbidden frame. Returns FRAME_BAD, which is -1. */
enum frame_verdict guest_bad(struct relay *relay, const struct thaw_frame *untrusted, const char *what);

#endif
