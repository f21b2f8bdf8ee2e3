/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way to the guest as layers of its root filesystem. */
#ifndef SHIM_LAYER_H
#define SHIM_LAYER_H

#include "main/shim.h"

/* Queues a file behind those that are still to be sent; one that cannot be read ends the sandbox. */
void layer_add(struct shim *shim, uint32_t number, const char *path);

/* Begins the next frame of the oldest file; false when there is none. The guest's sender must be idle. */
bool layer_begin(struct shim *shim);

void layer_free_all(struct shim *shim);

#endif
