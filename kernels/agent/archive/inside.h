/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of a root filesystem that is somebody else's: looked up as in a chroot, whatever its links say and however they
 * change. */
#ifndef AGENT_INSIDE_H
#define AGENT_INSIDE_H

#include "archive/tar/tar.h"

#include <fcntl.h>

/* Opens a path with links followed, below the root. -1: errno says why. */
int inside_open(int root, const char *path, int flags);

/* Opens the folder that a path lies in, and gives its last component; "." for the root itself. -1: errno says why. */
int inside_parent(int root, const char *path, char base[256]);

/* As inside_parent(), with folders made that are missing. */
int inside_make_parent(int root, const char *path, char base[256]);

/* Where a path leads when its last component is a link, and that one's, and so on; out may be a path that does not
 * exist. */
bool inside_follow(int root, const char *path, char out[TAR_PATH_MAX]);

/* a and b with one slash between them; false: too long. out may be a. */
bool inside_join(char out[TAR_PATH_MAX], const char *a, const char *b);

/* The last component of a path, "." and slashes at its end left out; "" for the root. */
void inside_base(const char *path, char base[256]);

#endif
