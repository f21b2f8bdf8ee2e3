// SPDX-License-Identifier: Apache-2.0
/*
 * Runs the archive process: limits its descriptors, enters the container's mounts, opens its root and runs the verb.
 */
#define _GNU_SOURCE
#include "archive/archive.h"

#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* one descriptor for each folder on the way down */
#define FILES_MAX 8192
#define LOOK_NS 2000000
#define LOOKS_MAX 2500 /* five seconds: after that a process is stuck in the kernel */

static const struct {
  uint32_t verb;
  bool (*run)(const struct archive *archive);
} verbs[] = {
    {THAW_ARCHIVE_PACK, archive_pack},       {THAW_ARCHIVE_UNPACK, archive_unpack},    {THAW_ARCHIVE_PUT, archive_put},
    {THAW_ARCHIVE_CHANGES, archive_changes}, {THAW_ARCHIVE_LAYER, archive_pack_layer},
};

bool archive_complain(const char *what, const char *path, const char *error) {
  dprintf(STDERR_FILENO, "thaw: Cannot %s %s: %s\n", what, path, error ? error : strerror(errno));
  return false;
}

/*
 * Enters the mounts of a running container and opens its root. Without a pid it opens the root filesystem that the
 * agent has mounted.
 */
static int open_root(int pid, const char *folder) {
  char path[TAR_PATH_MAX];
  int mounts, root = -1;

  if (pid <= 0) {
    snprintf(path, sizeof path, "%s/rootfs", folder);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
  mounts = open(path, O_RDONLY | O_CLOEXEC);
  if (mounts < 0)
    return -1;
  if (setns(mounts, CLONE_NEWNS) == 0)
    root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  close(mounts);
  return root;
}

/*
 * Waits until the cgroup is frozen. The agent asked the kernel to freeze it, and resumes it when this process has
 * ended.
 */
static bool wait_frozen(const char *cgroup) {
  const struct timespec look = {0, LOOK_NS};

  for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
    if (agent_cgroup_is_frozen(cgroup))
      return true;
    nanosleep(&look, NULL);
  }
  return archive_complain("stop", "the container", "its processes do not freeze within 5 s");
}

_Noreturn void archive_main(char **argv) {
  const struct rlimit files = {FILES_MAX, FILES_MAX};
  struct archive archive = {0};
  uint32_t verb;
  bool ok = false;
  int count = 0;

  while (argv[count])
    count++;
  if (count != 10)
    _exit(ARCHIVE_FAILED);
  verb = (uint32_t)strtoul(argv[1], NULL, 10);
  archive.options = (uint32_t)strtoul(argv[2], NULL, 10);
  archive.uid = (uint32_t)strtoul(argv[3], NULL, 10);
  archive.gid = (uint32_t)strtoul(argv[4], NULL, 10);
  archive.folder = argv[6];
  archive.path = argv[7];
  archive.name = argv[8];
  umask(0);
  /* a reader that stops early must still get an error message */
  signal(SIGPIPE, SIG_IGN);
  setrlimit(RLIMIT_NOFILE, &files);
  if (argv[9][0] != '\0' && !wait_frozen(argv[9]))
    _exit(ARCHIVE_FAILED);
  archive.root = open_root(atoi(argv[5]), archive.folder);
  if (archive.root < 0)
    archive_complain("open the root of", "the container", NULL);
  for (size_t i = 0; archive.root >= 0 && i < sizeof verbs / sizeof *verbs; i++)
    if (verbs[i].verb == verb)
      ok = verbs[i].run(&archive);
  _exit(ok ? 0 : ARCHIVE_FAILED);
}
