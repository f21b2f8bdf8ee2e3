/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's shares: a tree of dom0's folders and files for each 9pfs device. */
#ifndef AGENT_SHARES_H
#define AGENT_SHARES_H

#include "protocol/control.h"

#include "base/options.h"
#include "base/path.h"

/* Gives the path of the tree of the device with that tag. */
static inline void agent_share_path(char path[AGENT_PATH_MAX], const char *tag) {
  agent_path(path, "%s/files/%s", agent_options.run, tag);
}

/* Ends each FILL into the tree at once; its request gets an error. */
void agent_fill_end(const char *tag);

void agent_mount_share_request(struct agent_request request, struct agent_fields *fields);
void agent_unmount_share_request(struct agent_request request, struct agent_fields *fields);
void agent_fill_request(struct agent_request request, struct agent_fields *fields);

#endif
