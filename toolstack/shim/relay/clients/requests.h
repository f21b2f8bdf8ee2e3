// SPDX-License-Identifier: Apache-2.0
/* Handles a client's requests after client_frames.c has checked their frames. */
#ifndef THAW_SHIM_REQUESTS_H
#define THAW_SHIM_REQUESTS_H

#include "relay/relay.h"

void request_attach(struct relay *relay, struct client *client, const struct thaw_frame *frame);
void request_expect(struct relay *relay, struct client *client, const struct thaw_frame *frame, const uint8_t *payload);
/* Returns -1 for credit beyond the bytes that the client was sent. */
int request_credit(struct client *client, uint32_t stream, uint32_t credit);

#endif
