/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of an untrusted root filesystem. They are looked up as in a chroot, whatever links they contain and
 * however they change meanwhile. */
#ifndef AGENT_INSIDE_H
#define AGENT_INSIDE_H

#include "archive/tar/tar.h"

#include <fcntl.h>

/* Opens a path below the root and follows links. -1: errno says why. */
int inside_open(int root, const char *path, int flags);

/*
 * Opens the folder that contains a path and writes the last component to base, "." for the root itself. -1: errno
 * says why.
 */
int inside_parent(int root, const char *path, char base[256]);

/* Like inside_parent(), but makes missing folders. */
int inside_make_parent(int root, const char *path, char base[256]);

/* Follows the path's last component while it is a link. The resulting path may not exist. */
bool inside_follow(int root, const char *path, char out[TAR_PATH_MAX]);

/* Joins a and b with one slash; false: the result is too long. out may be a. */
bool inside_join(char out[TAR_PATH_MAX], const char *a, const char *b);

/* Writes the last component of a path to base, without "." and slashes at its end; "" for the root. */
void inside_base(const char *path, char base[256]);

#endif
