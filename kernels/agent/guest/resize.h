/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and vCPUs that the guest has online. */
#ifndef AGENT_RESIZE_H
#define AGENT_RESIZE_H

#include "protocol/control.h"

void agent_resize_request(struct agent_request request, struct agent_fields *fields);

#endif
