/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's network interfaces. */
#ifndef AGENT_NETWORK_H
#define AGENT_NETWORK_H

#include "protocol/control.h"

#include "proto.h"

/*
 * interface.c: replaces the interface's addresses and routes by these. Returns NULL, or the failed step for "cannot
 * ..."; errno says why.
 */
const char *agent_network_set(const char *interface, const struct thaw_network *network);

void agent_network_request(struct agent_request request, struct agent_fields *fields);

#endif
