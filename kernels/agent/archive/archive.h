/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's other life: a process of its own that reads or writes files of a root filesystem as a tar archive on its
 * standard streams. What goes wrong it says on stderr, and ends with ARCHIVE_FAILED.
 */
#ifndef AGENT_ARCHIVE_H
#define AGENT_ARCHIVE_H

#include "archive/tar/tar.h"
#include "proto.h"

#define ARCHIVE_NAME "thaw-archive" /* argv[0], which says that it is not PID 1 */
#define ARCHIVE_FAILED 125

struct archive {
  uint32_t options; /* enum thaw_archive_option */
  uint32_t uid, gid;
  int root;           /* of the container as its processes see it, or its root filesystem as it is mounted */
  const char *folder; /* where the root filesystem has its layers */
  const char *path, *name;
};

/* argv as archive_request.c makes it: name, verb, options, uid, gid, pid or 0, the root filesystem's folder, path,
 * name, the cgroup that is to stand still first or "". */
_Noreturn void archive_main(char **argv);

/* Says what went wrong with a path, by errno where error is NULL. Always false. */
bool archive_complain(const char *what, const char *path, const char *error);

/* Each is a verb. False: it has complained. */
bool archive_pack(const struct archive *archive);
bool archive_pack_layer(const struct archive *archive);
bool archive_unpack(const struct archive *archive);
bool archive_put(const struct archive *archive);
bool archive_changes(const struct archive *archive);

/* The writable layer, and what is below it as one tree. -1: errno says why. */
int archive_open_upper(const struct archive *archive);
int archive_open_lower(const struct archive *archive);

/* What overlayfs means by a node of the writable layer. */
bool archive_is_whiteout(mode_t mode, dev_t device);
bool archive_is_opaque(int folder);

#endif
