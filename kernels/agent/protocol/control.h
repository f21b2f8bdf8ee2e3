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

void agent_control_init(void);
struct agent_channel *agent_control_channel(void);

/* False: the client that asked has gone, nobody waits for the outcome. */
bool agent_control_awaits(struct agent_request request);

void agent_control_ok(struct agent_request request, const void *payload, size_t size);
void agent_control_error(struct agent_request request, enum thaw_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each request's handler; fields are the payload. Each answers, now or later, exactly once. */
void agent_identity_request(struct agent_request request, struct agent_fields *fields);
void agent_mount_request(struct agent_request request, struct agent_fields *fields);
void agent_unmount_request(struct agent_request request, struct agent_fields *fields);
void agent_resize_request(struct agent_request request, struct agent_fields *fields);
void agent_start_request(struct agent_request request, struct agent_fields *fields);
void agent_create_request(struct agent_request request, struct agent_fields *fields);
void agent_begin_request(struct agent_request request, struct agent_fields *fields);
void agent_exec_request(struct agent_request request, struct agent_fields *fields);
void agent_kill_request(struct agent_request request, struct agent_fields *fields);
void agent_delete_request(struct agent_request request, struct agent_fields *fields);
void agent_freeze_request(struct agent_request request, struct agent_fields *fields);
void agent_hold_request(struct agent_request request, struct agent_fields *fields);
void agent_network_request(struct agent_request request, struct agent_fields *fields);
void agent_netlink_request(struct agent_request request, struct agent_fields *fields);
void agent_stats_request(struct agent_request request, struct agent_fields *fields);
void agent_limit_request(struct agent_request request, struct agent_fields *fields);
void agent_archive_request(struct agent_request request, struct agent_fields *fields);
void agent_processes_request(struct agent_request request, struct agent_fields *fields);
void agent_files_request(struct agent_request request, struct agent_fields *fields);
void agent_unfiles_request(struct agent_request request, struct agent_fields *fields);
void agent_fill_request(struct agent_request request, struct agent_fields *fields);
void agent_shm_request(struct agent_request request, struct agent_fields *fields);

#endif
