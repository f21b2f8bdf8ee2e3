// SPDX-License-Identifier: Apache-2.0
/* What a client asks the shim for, once its frame was checked. */
#ifndef THAW_SHIM_REQUESTS_H
#define THAW_SHIM_REQUESTS_H

#include "main/shim.h"

void request_attach(struct shim *shim, struct client *client, const struct thaw_frame *frame);
void request_inject(struct shim *shim, const struct thaw_frame *frame, const uint8_t *payload);
void request_expect(struct shim *shim, struct client *client, const struct thaw_frame *frame, const uint8_t *payload);
/* -1: for bytes that the client was not sent. */
int request_credit(struct client *client, uint32_t stream, uint32_t credit);

#endif
