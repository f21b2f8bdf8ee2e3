/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that come over the data channel and stay in the guest's memory. */
#ifndef AGENT_LAYER_H
#define AGENT_LAYER_H

#include "base/path.h"
#include "proto.h"

enum agent_layer_state { AGENT_LAYER_COMING, AGENT_LAYER_COMPLETE, AGENT_LAYER_FAILED };

/* Takes layers from the data channel; calls `changed` when a layer is complete, or never will be. */
void agent_layer_init(void (*changed)(void));

/* Returns the number of a layer in memory by its name in MOUNT, 0 if the name is not of that form. */
uint32_t agent_layer_number(const char *name);

/* A layer of which nothing has come counts as coming. Failed: errno says why. */
enum agent_layer_state agent_layer_state(uint32_t number);

void agent_layer_path(char path[AGENT_PATH_MAX], uint32_t number);

#endif
