/* SPDX-License-Identifier: Apache-2.0 */
/* The data channel: every process's streams, in turns. */
#ifndef AGENT_DATA_H
#define AGENT_DATA_H

#include "transport/channel.h"

void agent_data_init(void);
struct agent_channel *agent_data_channel(void);

/* Layers come over the data channel as well. The room that keeps them takes them. */
struct agent_data_layers {
  /* A LAYER frame; false: it breaks the protocol. */
  bool (*take)(const struct thaw_frame *header, const uint8_t *payload);
  /* A layer that is not complete by now never will be. */
  void (*client_lost)(void);
};

/* Call before the channel opens. `layers` must stay. */
void agent_data_take_layers(const struct agent_data_layers *layers);

#endif
