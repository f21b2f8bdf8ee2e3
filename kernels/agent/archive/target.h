/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive's entries go: below a folder, or in place of the first component that they all have. */
#ifndef AGENT_PLACE_H
#define AGENT_PLACE_H

#include "archive/archive.h"

struct place {
  bool is_put;             /* the first component of each path is the copied thing's own, and left out */
  bool is_folder_there;    /* what base names was there before */
  char base[TAR_PATH_MAX]; /* of the root */
};

/*
 * What path and name of the archive come to, by what is there: a thing that is copied goes into a folder, in place of a
 * file, or under the name that it is given. False: it has complained.
 */
bool place_settle(struct place *place, const struct archive *archive, bool is_folder);

/* Where a path of the archive goes; false: it would leave it, or is too long. */
bool place_of(const struct place *place, const char *path, char out[TAR_PATH_MAX]);

/* Whether that path is the folder that was there before anything came: its attributes are its own. */
bool place_is_there(const struct place *place, const char *path);

#endif
