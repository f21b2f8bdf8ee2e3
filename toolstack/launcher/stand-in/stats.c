// SPDX-License-Identifier: Apache-2.0
/* Mounts a container's stats files, asks the guest when a process reads one, and uses older stats if it is late. */
#include "stand-in/stats.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stand-in/fuse.h"
#include "stand-in/stats_file.h"

#define PATH_MOST 4096
#define TEXT_MAX 8192u /* bytes of one file from the agent */
#define FRESH_MS 50    /* consecutive reads of several files get stats of one time */
#define ANSWER_MS 1000
#define UNMOUNT_MS 1000
#define UNMOUNT_LOOK_US 500

static const char *const names[STATS_FILES] = {"cpu.stat", "memory.current", "memory.stat", "pids.current",
                                               "memory.max"};

struct stats {
  int home; /* mount namespace of the caller of create */
  char *folder;
  struct stats_file each[STATS_FILES];
  int64_t taken_ms; /* 0: never */
  int64_t asked_ms; /* 0: no reader waits */
  bool is_late;     /* the guest missed the deadline: no reader waits for it again until it answers */
};

static bool path_of(const struct stats *stats, unsigned file, char path[PATH_MOST]) {
  int n = snprintf(path, PATH_MOST, "%s/%s", stats->folder, names[file]);

  return n > 0 && n < PATH_MOST;
}

/* True for the kernel's own file. Another container's stand-in may be mounted there: DONT_SYNC does not ask it. */
static bool is_kernels(const char *folder, const char *path) {
  struct statx of_folder, of_file;

  return statx(AT_FDCWD, folder, AT_STATX_DONT_SYNC, STATX_TYPE, &of_folder) == 0 &&
         statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &of_file) == 0 &&
         of_folder.stx_dev_major == of_file.stx_dev_major && of_folder.stx_dev_minor == of_file.stx_dev_minor;
}

void stats_begin(struct launcher *launcher, const char *procs) {
  const char *slash = strrchr(procs, '/');
  struct stats *stats = slash != NULL ? calloc(1, sizeof *stats) : NULL;
  char path[PATH_MOST];

  if (stats == NULL)
    return;
  stats->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  stats->folder = stats->home >= 0 ? strndup(procs, (size_t)(slash - procs)) : NULL;
  if (stats->folder == NULL)
    goto out;
  for (unsigned i = 0; i < STATS_FILES; i++) {
    struct stats_file *file = &stats->each[i];

    file->is_lines = strstr(names[i], ".stat") != NULL;
    file->fd = path_of(stats, i, path) && is_kernels(stats->folder, path) ? fuse_mount(path) : -1;
    file->is_mounted = file->fd >= 0;
  }
  launcher->stats = stats;
  stats = NULL;
out:
  if (stats != NULL && stats->home >= 0)
    close(stats->home);
  free(stats);
}

static void close_files(const struct stats *stats) {
  for (unsigned i = 0; i < STATS_FILES; i++) {
    if (stats->each[i].fd >= 0)
      close(stats->each[i].fd);
  }
}

/* thawd unmounts any remaining files when it removes the cgroup. */
static void unmount(const struct stats *stats) {
  char path[PATH_MOST];

  close_files(stats); /* the parent holds copies, and ends waiting reads by closing them */
  if (setns(stats->home, CLONE_NEWNS) != 0)
    return;
  for (unsigned i = 0; i < STATS_FILES; i++) {
    if (stats->each[i].is_mounted && path_of(stats, i, path))
      umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

/* Unmounts in a child: engines enter the stand-in's root as long as it exists, and must not find dom0's there. */
void stats_end(const struct launcher *launcher) {
  const struct stats *stats = launcher->stats;
  int64_t end = clock_ms() + UNMOUNT_MS;
  pid_t child;

  if (stats == NULL)
    return;
  child = fork();
  if (child == 0) {
    unmount(stats);
    _exit(0);
  }
  while (child > 0 && waitpid(child, NULL, WNOHANG) == 0 && clock_ms() < end)
    usleep(UNMOUNT_LOOK_US);
  close_files(stats); /* from now on no reader can wait for an answer */
}

void stats_poll(const struct launcher *launcher, struct pollfd *fds) {
  for (unsigned i = 0; i < STATS_FILES; i++)
    fds[i] = (struct pollfd){.fd = launcher->stats != NULL ? launcher->stats->each[i].fd : -1, .events = POLLIN};
}

int stats_patience(const struct launcher *launcher) {
  const struct stats *stats = launcher->stats;
  int64_t left;

  if (stats == NULL || stats->asked_ms == 0)
    return -1;
  left = stats->asked_ms + ANSWER_MS - clock_ms();
  return left > 0 ? (int)left : 0;
}

static void serve(struct stats *stats) {
  stats->asked_ms = 0;
  for (unsigned i = 0; i < STATS_FILES; i++)
    stats_file_serve(&stats->each[i]);
}

void stats_receive(struct launcher *launcher, const uint8_t *untrusted_payload, uint32_t length) {
  struct fields fields = {untrusted_payload, length};
  struct stats *stats = launcher->stats;
  const uint8_t *bytes;
  uint32_t n;

  if (stats == NULL)
    return;
  for (unsigned i = 0; i < STATS_FILES && fields_next(&fields, &bytes, &n); i++) {
    /* a container that is about to end has no stats: its last ones are more useful than none */
    if (n <= TEXT_MAX && stats_are_sound(bytes, n, stats->each[i].is_lines))
      stats_file_set(&stats->each[i], bytes, n);
  }
  stats->taken_ms = clock_ms();
  stats->is_late = false;
  serve(stats);
}

/* Call when a reader waits for the guest's stats. Asks the guest once for all waiting readers. */
static void want(struct launcher *launcher) {
  struct stats *stats = launcher->stats;
  int64_t now = clock_ms();

  if (launcher->state != PROCESS_ATTACHED || stats->is_late ||
      (stats->taken_ms != 0 && now - stats->taken_ms < FRESH_MS)) {
    serve(stats);
    return;
  }
  if (stats->asked_ms != 0)
    return;
  stats->asked_ms = now;
  connection_put(&launcher->shim, THAW_CGROUP_STATS, launcher->process, 0, NULL, 0);
}

void stats_turn(struct launcher *launcher, const struct pollfd *fds) {
  struct stats *stats = launcher->stats;

  if (stats == NULL)
    return;
  for (unsigned i = 0; i < STATS_FILES; i++) {
    if (fds[i].revents != 0 && stats->each[i].fd >= 0 && stats_file_turn(&stats->each[i]))
      want(launcher);
  }
  if (stats_patience(launcher) == 0) {
    stats->is_late = true;
    serve(stats);
  }
}
