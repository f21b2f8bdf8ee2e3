/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that come over the data channel and stay in the guest's memory. */
#ifndef AGENT_LAYER_H
#define AGENT_LAYER_H

#include "base/path.h"
#include "proto.h"

enum agent_layer_state { AGENT_LAYER_COMING, AGENT_LAYER_COMPLETE, AGENT_LAYER_FAILED };

/* Takes layers from the data channel; `changed` is called when one has come, or never will. */
void agent_layer_init(void (*changed)(void));

/* Whether a name of MOUNT means a layer in memory: its number, else 0. */
uint32_t agent_layer_number(const char *name);

/* One of which nothing has come is coming, too. Failed: errno says why. */
enum agent_layer_state agent_layer_state(uint32_t number);

void agent_layer_path(char path[AGENT_PATH_MAX], uint32_t number);

#endif
