/* SPDX-License-Identifier: Apache-2.0 */
/* Sends files to the guest as layers of its root filesystem. */
#ifndef SHIM_LAYER_H
#define SHIM_LAYER_H

#include "main/shim.h"

/* Queues a file behind the files still to be sent. An unreadable file ends the sandbox. */
void layer_add(struct shim *shim, uint32_t number, const char *path);

/* Begins the next frame of the oldest file; false when no file is queued. The guest's sender must be idle. */
bool layer_begin(struct shim *shim);

void layer_free_all(struct shim *shim);

#endif
