/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel: requests in, one answer each, in any order. */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "protocol/fields.h"
#include "transport/channel.h"

/*
 * The receiver of an answer. Each task that takes longer than a turn keeps it by value. An answer to a client that
 * has gone is dropped.
 */
struct agent_request {
  uint32_t id;
  uint32_t generation;
};

/* A handler answers exactly once, now or later; fields are the payload. */
struct agent_handler {
  uint32_t type; /* THAW_PING etc. */
  void (*handle)(struct agent_request request, struct agent_fields *fields);
};

/* Types without a handler break the channel. The handlers must stay valid. */
void agent_control_init(const struct agent_handler *handlers, size_t count);
struct agent_channel *agent_control_channel(void);

/* False: the client that asked has gone, and the answer would be dropped. */
bool agent_control_awaits(struct agent_request request);

void agent_control_ok(struct agent_request request, const void *payload, size_t size);
void agent_control_error(struct agent_request request, enum thaw_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
