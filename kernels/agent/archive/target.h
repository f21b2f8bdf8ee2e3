/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of an archive's entries: a folder, or a path that replaces the first component that all entries share.
 */
#ifndef AGENT_TARGET_H
#define AGENT_TARGET_H

#include "archive/archive.h"

struct target {
  bool is_put;             /* the first component of each path is the copied file's own name, and is left out */
  bool has_existed;        /* base was a folder before the first entry came */
  char base[TAR_PATH_MAX]; /* path below the root */
};

/*
 * Sets the archive's target from its path, its name and the files that exist: a copy goes into a folder, replaces a
 * file, or gets the given name. False: the function has reported the error.
 */
bool target_choose(struct target *target, const struct archive *archive, bool is_folder);

/* Writes the target of a path of the archive to out; false: the path would leave the target, or is too long. */
bool target_path(const struct target *target, const char *path, char out[TAR_PATH_MAX]);

/* Returns true if the path is the folder that existed before: that folder keeps its attributes. */
bool target_existed(const struct target *target, const char *path);

#endif
