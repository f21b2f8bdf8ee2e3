/* SPDX-License-Identifier: Apache-2.0 */
/* Sends files to the guest as layers of its root filesystem. */
#ifndef RELAY_LAYER_H
#define RELAY_LAYER_H

#include "relay/relay.h"

/* Takes over a file of `size` bytes, and queues it behind those still to be sent. An unreadable one ends the sandbox.
 */
void layer_add(struct relay *relay, uint32_t number, int fd, uint64_t size);

/* Begins the next frame of the oldest file; false when no file is queued. The guest's sender must be idle. */
bool layer_begin(struct relay *relay);

void layer_free_all(struct relay *relay);

#endif
