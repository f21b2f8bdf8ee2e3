/* SPDX-License-Identifier: Apache-2.0 */
/* The container that a request is about. */
#ifndef AGENT_REQUEST_CONTAINER_H
#define AGENT_REQUEST_CONTAINER_H

#include "base/path.h"
#include "protocol/control.h"

#include <stdbool.h>

/*
 * Takes the container's name from the fields and finds the cgroup of that running container. False: the request has
 * been answered with an error.
 */
bool agent_asked_cgroup(struct agent_request request, struct agent_fields *fields, char folder[AGENT_PATH_MAX]);

#endif
