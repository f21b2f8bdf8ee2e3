/* SPDX-License-Identifier: Apache-2.0 */
/* A container's directory in the guest: config.json, files/, crun's log and pid file. */
#ifndef AGENT_BUNDLE_H
#define AGENT_BUNDLE_H

#include "base/path.h"
#include "protocol/fields.h"

#include <sys/types.h>

/*
 * What crun is told of a process lies in a folder: a container's own is called as the container, that of a process put
 * beside it CONTAINER/exec-ID.
 */
#define AGENT_FOLDER_MAX (AGENT_NAME_MAX + 24)

/* RUN/containers/FOLDER[/NAME] into path */
void agent_bundle_path(char path[AGENT_PATH_MAX], const char *folder, const char *name);

/*
 * Makes the directory with config.json and the pairs of name and content that `files` holds, count of
 * them. False: errno says why, EINVAL for a bad pair; nothing is left.
 */
bool agent_bundle_write(const char *container, const struct agent_field *config, struct agent_fields *files,
                        uint32_t count);

/*
 * Replaces the content of files that are there, in place: a container has them mounted. False: errno says why, EINVAL
 * for a bad pair, ENOENT for a file that CREATE did not make.
 */
bool agent_bundle_refresh(const char *container, struct agent_fields *files, uint32_t count);

/* Makes the folder of a process in a container that has its own, with process.json. False: errno says why. */
bool agent_bundle_write_process(const char *folder, const struct agent_field *process);

/* Removes it, whatever is there. */
void agent_bundle_remove(const char *folder);

/* What crun wrote; 0: nothing yet. */
pid_t agent_bundle_pid(const char *folder);

#endif
