/* SPDX-License-Identifier: Apache-2.0 */
/* Sends rtnetlink(7) messages to the guest's kernel, see netlink_kernel.c. */
#ifndef AGENT_NETLINK_H
#define AGENT_NETLINK_H

#include "proto.h"
#include "protocol/control.h"

/*
 * Returns the kernel's number of the interface whose device in xenstore has that id, and switches off router
 * advertisements and duplicate address detection on it. Returns 0 with errno, ENODEV if there is no such interface.
 */
unsigned agent_netlink_interface(uint32_t devid);

/*
 * Gives the kernel complete messages, one after the other. To remove a missing object, or to add a route that exists,
 * is no error. False with errno and the number, from 1, of the first message that the kernel refused.
 */
bool agent_netlink_talk(const struct agent_field *messages, unsigned *number_out);

void agent_netlink_request(struct agent_request request, struct agent_fields *fields);

#endif
