// SPDX-License-Identifier: Apache-2.0
/* FILL: copies the image's content at a volume's path into the new volume. */
#define _GNU_SOURCE
#include "base/child.h"
#include "base/options.h"
#include "base/path.h"
#include "protocol/control.h"
#include "rootfs/copy_folder.h"
#include "rootfs/shares.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct fill {
  struct fill *next;
  struct agent_child child;
  struct agent_request request;
  char tag[AGENT_NAME_MAX + 1];
  char root[AGENT_PATH_MAX], path[PATH_MAX], target[AGENT_PATH_MAX];
};

static struct fill *fills;

static void finish(struct fill *fill, int error) {
  struct fill **link = &fills;

  while (*link != fill)
    link = &(*link)->next;
  *link = fill->next;
  if (error == 0)
    agent_control_ok(fill->request, NULL, 0);
  else
    agent_control_error(fill->request, THAW_E_INTERNAL, "Cannot fill the volume: %s", strerror(error));
  free(fill);
}

static void copied(struct agent_child *child, int wait_status) {
  finish(child->owner, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EINTR);
}

void agent_fill_end(const char *tag) {
  for (const struct fill *fill = fills; fill; fill = fill->next)
    if (strcmp(fill->tag, tag) == 0 && fill->child.pid > 0)
      kill(fill->child.pid, SIGKILL);
}

/* Opens a path within the root filesystem: symbolic links cannot lead out of it. */
static int open_in(const char *root, const char *path) {
  struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
  int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, saved;

  if (folder < 0)
    return -1;
  fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
  saved = errno;
  close(folder);
  errno = saved;
  return fd;
}

/* Returns 1 for an empty folder, 0 for another, -1 on an error, with errno. */
static int is_empty(int folder) {
  int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
  DIR *entries = own < 0 ? NULL : fdopendir(own);

  if (!entries) {
    if (own >= 0)
      close(own);
    return -1;
  }
  while (n <= 2 && readdir(entries))
    n++;
  closedir(entries);
  return n <= 2;
}

/* Runs in a process of its own, whose exit code is an errno: dom0 may be slow for each file, and an image may be
 * large. */
static int copy(void *context) {
  const struct fill *fill = context;
  int from = open_in(fill->root, fill->path), to, empty;

  if (from < 0)
    return errno == ENOTDIR || errno == ENOENT ? 0 : errno;
  to = open(fill->target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  empty = to < 0 ? -1 : is_empty(to);
  if (empty == 0 || (empty > 0 && agent_copy_folder(from, to)))
    return 0;
  return errno > 0 && errno < 256 ? errno : EIO;
}

void agent_fill_request(struct agent_request request, struct agent_fields *fields) {
  char rootfs[AGENT_NAME_MAX + 1], name[AGENT_NAME_MAX + 1], tree[AGENT_PATH_MAX];
  struct agent_field where;
  struct fill *fill = calloc(1, sizeof *fill);

  if (!fill) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  if (!agent_fields_name(fields, rootfs) || !agent_fields_next(fields, &where) ||
      !agent_fields_name(fields, fill->tag) || !agent_fields_name(fields, name) || !agent_fields_at_end(fields) ||
      where.length == 0 || where.length >= sizeof fill->path || memchr(where.bytes, '\0', where.length)) {
    agent_control_error(request, THAW_E_MESSAGE, "FILL is malformed");
    free(fill);
    return;
  }
  memcpy(fill->path, where.bytes, where.length);
  agent_path(fill->root, "%s/roots/%s/rootfs", agent_options.run, rootfs);
  agent_share_path(tree, fill->tag);
  agent_path(fill->target, "%s/%s", tree, name);
  fill->child.ended = copied;
  fill->child.owner = fill;
  fill->request = request;
  fill->next = fills;
  fills = fill;
  if (!agent_child_fork(&fill->child, copy, fill))
    finish(fill, errno);
}
