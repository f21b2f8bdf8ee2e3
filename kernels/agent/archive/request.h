/* SPDX-License-Identifier: Apache-2.0 */
/* The handler of ARCHIVE on the control channel: archive_request.c. */
#ifndef AGENT_ARCHIVE_REQUEST_H
#define AGENT_ARCHIVE_REQUEST_H

#include "protocol/control.h"

void agent_archive_request(struct agent_request request, struct agent_fields *fields);

#endif
