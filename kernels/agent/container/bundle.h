/* SPDX-License-Identifier: Apache-2.0 */
/* A container's directory in the guest: config.json, files/, crun's log and pid file. */
#ifndef AGENT_BUNDLE_H
#define AGENT_BUNDLE_H

#include "base/path.h"
#include "protocol/fields.h"

#include <sys/types.h>

/*
 * Each process has a folder with the files that crun reads. The folder of a container's first process has the
 * container's name; that of an EXEC process is CONTAINER/exec-ID.
 */
#define AGENT_FOLDER_MAX (AGENT_NAME_MAX + 24)

/* Writes RUN/containers/FOLDER[/NAME] to path. */
void agent_bundle_path(char path[AGENT_PATH_MAX], const char *folder, const char *name);

/*
 * Makes the directory with config.json and `count` files; `files` holds pairs of name and content. False: errno says
 * why, EINVAL for a bad pair, and no part of the directory remains.
 */
bool agent_bundle_write(const char *container, const struct agent_field *config, struct agent_fields *files,
                        uint32_t count);

/*
 * Replaces the content of existing files in place, because the container has them mounted. False: errno says why,
 * EINVAL for a bad pair, ENOENT for a file that CREATE did not make.
 */
bool agent_bundle_refresh(const char *container, struct agent_fields *files, uint32_t count);

/* Makes the folder of an EXEC process, with process.json, in its container's directory. False: errno says why. */
bool agent_bundle_write_process(const char *folder, const struct agent_field *process);

/* Removes the folder with everything in it. */
void agent_bundle_remove(const char *folder);

/* Returns the pid in crun's pid file; 0: crun has not written it yet. */
pid_t agent_bundle_pid(const char *folder);

#endif
