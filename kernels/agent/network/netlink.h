/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel is told of its network in its own words. netlink_kernel.c */
#ifndef AGENT_NETLINK_H
#define AGENT_NETLINK_H

#include "proto.h"
#include "protocol/control.h"

/*
 * The kernel's number of the interface whose device in xenstore has that id; it believes no router from now on, and
 * asks nobody whether an address is free. 0 with errno, ENODEV where there is none.
 */
unsigned agent_netlink_interface(uint32_t devid);

/*
 * Gives the kernel whole messages, one after the other. That what is to go is not there is no error, nor that a route
 * is there. False with errno and the number of the first that it refused, from 1.
 */
bool agent_netlink_talk(const struct agent_field *messages, unsigned *number_out);

void agent_netlink_request(struct agent_request request, struct agent_fields *fields);

#endif
