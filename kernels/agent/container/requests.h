/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of requests about a container, each in the file of its name; CREATE is in start.c, KILL in delete.c,
 * PROCESSES in stats.c. */
#ifndef AGENT_CONTAINER_REQUESTS_H
#define AGENT_CONTAINER_REQUESTS_H

#include "protocol/control.h"

void agent_start_request(struct agent_request request, struct agent_fields *fields);
void agent_create_request(struct agent_request request, struct agent_fields *fields);
void agent_begin_request(struct agent_request request, struct agent_fields *fields);
void agent_exec_request(struct agent_request request, struct agent_fields *fields);
void agent_kill_request(struct agent_request request, struct agent_fields *fields);
void agent_delete_request(struct agent_request request, struct agent_fields *fields);
void agent_limit_request(struct agent_request request, struct agent_fields *fields);
void agent_stats_request(struct agent_request request, struct agent_fields *fields);
void agent_processes_request(struct agent_request request, struct agent_fields *fields);

#endif
