/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's network interfaces. */
#ifndef AGENT_NETWORK_H
#define AGENT_NETWORK_H

#include "protocol/control.h"

#include "proto.h"

/*
 * interface.c: gives the interface these addresses and routes in place of those that it has. NULL, or what failed, for
 * "cannot ...", errno says why.
 */
const char *agent_network_set(const char *interface, const struct thaw_network *network);

void agent_network_request(struct agent_request request, struct agent_fields *fields);

#endif
