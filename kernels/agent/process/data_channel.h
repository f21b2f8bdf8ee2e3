/* SPDX-License-Identifier: Apache-2.0 */
/* The data channel: every process's streams, in turns. */
#ifndef AGENT_DATA_CHANNEL_H
#define AGENT_DATA_CHANNEL_H

#include "transport/channel.h"

void agent_data_init(void);
struct agent_channel *agent_data_channel(void);

/* Receiver of the layers that come over the data channel. layer.c implements it. */
struct agent_data_layers {
  /* Takes a LAYER frame; false: it breaks the protocol. */
  bool (*take)(const struct thaw_frame *header, const uint8_t *payload);
  /* The client is gone: a layer that is incomplete now stays so. */
  void (*client_lost)(void);
};

/* Must be called before the channel opens. `layers` must stay valid. */
void agent_data_take_layers(const struct agent_data_layers *layers);

#endif
