/* SPDX-License-Identifier: Apache-2.0 */
/* The folders and files of dom0 that this guest has: a tree for each of its 9pfs devices. */
#ifndef AGENT_FILES_H
#define AGENT_FILES_H

#include "protocol/control.h"

#include "base/options.h"
#include "base/path.h"

/* Where the tree of the device of that tag is. */
static inline void agent_files_path(char path[AGENT_PATH_MAX], const char *tag) {
  agent_path(path, "%s/files/%s", agent_options.run, tag);
}

/* Who copies into it ends at once, its request with an error. */
void agent_fill_end(const char *tag);

void agent_files_request(struct agent_request request, struct agent_fields *fields);
void agent_unfiles_request(struct agent_request request, struct agent_fields *fields);
void agent_fill_request(struct agent_request request, struct agent_fields *fields);

#endif
