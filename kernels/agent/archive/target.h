/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of an archive's entries: a folder, or a path that replaces the first component that all entries share.
 */
#ifndef AGENT_PLACE_H
#define AGENT_PLACE_H

#include "archive/archive.h"

struct place {
  bool is_put;             /* the first component of each path is the copied file's own name, and is left out */
  bool is_folder_there;    /* base was a folder before the first entry came */
  char base[TAR_PATH_MAX]; /* path below the root */
};

/*
 * Sets the archive's target from its path, its name and the files that exist: a copy goes into a folder, replaces a
 * file, or gets the given name. False: the function has reported the error.
 */
bool place_settle(struct place *place, const struct archive *archive, bool is_folder);

/* Writes the target of a path of the archive to out; false: the path would leave the target, or is too long. */
bool place_of(const struct place *place, const char *path, char out[TAR_PATH_MAX]);

/* Returns true if the path is the folder that existed before: that folder keeps its attributes. */
bool place_is_there(const struct place *place, const char *path);

#endif
