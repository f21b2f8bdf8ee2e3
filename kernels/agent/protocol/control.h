/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel: requests in, one answer each, in any order. */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "protocol/fields.h"
#include "transport/channel.h"

/*
 * Whom to answer. Kept by value by whatever takes longer than a turn; an answer to a client that
 * has gone since is dropped.
 */
struct agent_request {
  uint32_t id;
  uint32_t generation;
};

/* Answers, now or later, exactly once; fields are the payload. */
struct agent_handler {
  uint32_t type; /* THAW_PING etc. */
  void (*handle)(struct agent_request request, struct agent_fields *fields);
};

/* Types without a handler break the channel. The handlers must stay. */
void agent_control_init(const struct agent_handler *handlers, size_t count);
struct agent_channel *agent_control_channel(void);

/* False: the client that asked has gone, nobody waits for the outcome. */
bool agent_control_awaits(struct agent_request request);

void agent_control_ok(struct agent_request request, const void *payload, size_t size);
void agent_control_error(struct agent_request request, enum thaw_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
