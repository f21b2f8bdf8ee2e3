/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's program run as a process of its own that reads or writes files of a root filesystem as a tar archive on
 * its standard streams. It reports errors on stderr and ends with ARCHIVE_FAILED.
 */
#ifndef AGENT_ARCHIVE_H
#define AGENT_ARCHIVE_H

#include "archive/tar/tar.h"
#include "proto.h"

#define ARCHIVE_NAME "thaw-archive" /* argv[0]: tells the program that it is not PID 1 */
#define ARCHIVE_FAILED 125

struct archive {
  uint32_t options; /* enum thaw_archive_option */
  uint32_t uid, gid;
  int root;           /* root of the container as its processes see it, or its mounted root filesystem */
  const char *folder; /* folder with the layers of the root filesystem */
  const char *path, *name;
};

/* Takes argv as archive_request.c makes it: name, verb, options, uid, gid, pid or 0, the root filesystem's folder,
 * path, name, and the cgroup that must be frozen first, or "". */
_Noreturn void archive_main(char **argv);

/* Reports an error about a path, by errno where error is NULL. Always returns false. */
bool archive_complain(const char *what, const char *path, const char *error);

/* The verbs. False: the verb failed and has reported the error. */
bool archive_pack(const struct archive *archive);
bool archive_pack_layer(const struct archive *archive);
bool archive_unpack(const struct archive *archive);
bool archive_put(const struct archive *archive);
bool archive_changes(const struct archive *archive);

/* Open the writable layer, and the layers below it as one tree. -1: errno says why. */
int archive_open_upper(const struct archive *archive);
int archive_open_lower(const struct archive *archive);

/* Return true for overlayfs's whiteouts and opaque folders in the writable layer. */
bool archive_is_whiteout(mode_t mode, dev_t device);
bool archive_is_opaque(int folder);

#endif
