// SPDX-License-Identifier: Apache-2.0
/* Mounts a container's stats files, asks the guest when a process reads one, and uses older stats if it is late. */
#include "stand-in/figures.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stand-in/figure.h"
#include "stand-in/fuse.h"

#define PATH_MOST 4096
#define TEXT_MAX 8192u /* bytes of one file from the agent */
#define FRESH_MS 50    /* consecutive reads of several files get stats of one time */
#define ANSWER_MS 1000
#define UNMOUNT_MS 1000
#define UNMOUNT_LOOK_US 500

static const char *const names[FIGURES_FILES] = {"cpu.stat", "memory.current", "memory.stat", "pids.current",
                                                 "memory.max"};

struct figures {
  int home; /* mount namespace of the caller of create */
  char *folder;
  struct figure each[FIGURES_FILES];
  int64_t taken_ms; /* 0: never */
  int64_t asked_ms; /* 0: no reader waits */
  bool is_late;     /* the guest missed the deadline: no reader waits for it again until it answers */
};

static bool path_of(const struct figures *figures, unsigned file, char path[PATH_MOST]) {
  int n = snprintf(path, PATH_MOST, "%s/%s", figures->folder, names[file]);

  return n > 0 && n < PATH_MOST;
}

/* True for the kernel's own file. Another container's stand-in may be mounted there: DONT_SYNC does not ask it. */
static bool is_kernels(const char *folder, const char *path) {
  struct statx of_folder, of_file;

  return statx(AT_FDCWD, folder, AT_STATX_DONT_SYNC, STATX_TYPE, &of_folder) == 0 &&
         statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &of_file) == 0 &&
         of_folder.stx_dev_major == of_file.stx_dev_major && of_folder.stx_dev_minor == of_file.stx_dev_minor;
}

void figures_begin(struct launcher *launcher, const char *procs) {
  const char *slash = strrchr(procs, '/');
  struct figures *figures = slash != NULL ? calloc(1, sizeof *figures) : NULL;
  char path[PATH_MOST];

  if (figures == NULL)
    return;
  figures->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  figures->folder = figures->home >= 0 ? strndup(procs, (size_t)(slash - procs)) : NULL;
  if (figures->folder == NULL)
    goto out;
  for (unsigned i = 0; i < FIGURES_FILES; i++) {
    struct figure *figure = &figures->each[i];

    figure->is_lines = strstr(names[i], ".stat") != NULL;
    figure->fd = path_of(figures, i, path) && is_kernels(figures->folder, path) ? fuse_mount(path) : -1;
    figure->is_mounted = figure->fd >= 0;
  }
  launcher->figures = figures;
  figures = NULL;
out:
  if (figures != NULL && figures->home >= 0)
    close(figures->home);
  free(figures);
}

static void let_go(const struct figures *figures) {
  for (unsigned i = 0; i < FIGURES_FILES; i++) {
    if (figures->each[i].fd >= 0)
      close(figures->each[i].fd);
  }
}

/* thawd unmounts any remaining files when it removes the cgroup. */
static void unmount(const struct figures *figures) {
  char path[PATH_MOST];

  let_go(figures); /* the parent holds copies, and ends waiting reads by closing them */
  if (setns(figures->home, CLONE_NEWNS) != 0)
    return;
  for (unsigned i = 0; i < FIGURES_FILES; i++) {
    if (figures->each[i].is_mounted && path_of(figures, i, path))
      umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

/* Unmounts in a child: engines enter the stand-in's root as long as it exists, and must not find dom0's there. */
void figures_end(const struct launcher *launcher) {
  const struct figures *figures = launcher->figures;
  int64_t end = clock_ms() + UNMOUNT_MS;
  pid_t child;

  if (figures == NULL)
    return;
  child = fork();
  if (child == 0) {
    unmount(figures);
    _exit(0);
  }
  while (child > 0 && waitpid(child, NULL, WNOHANG) == 0 && clock_ms() < end)
    usleep(UNMOUNT_LOOK_US);
  let_go(figures); /* from now on no reader can wait for an answer */
}

void figures_poll(const struct launcher *launcher, struct pollfd *fds) {
  for (unsigned i = 0; i < FIGURES_FILES; i++)
    fds[i] = (struct pollfd){.fd = launcher->figures != NULL ? launcher->figures->each[i].fd : -1, .events = POLLIN};
}

int figures_patience(const struct launcher *launcher) {
  const struct figures *figures = launcher->figures;
  int64_t left;

  if (figures == NULL || figures->asked_ms == 0)
    return -1;
  left = figures->asked_ms + ANSWER_MS - clock_ms();
  return left > 0 ? (int)left : 0;
}

static void serve(struct figures *figures) {
  figures->asked_ms = 0;
  for (unsigned i = 0; i < FIGURES_FILES; i++)
    figure_serve(&figures->each[i]);
}

void figures_take(struct launcher *launcher, const uint8_t *untrusted_payload, uint32_t length) {
  struct fields fields = {untrusted_payload, length};
  struct figures *figures = launcher->figures;
  const uint8_t *bytes;
  uint32_t n;

  if (figures == NULL)
    return;
  for (unsigned i = 0; i < FIGURES_FILES && fields_next(&fields, &bytes, &n); i++) {
    /* a container that is about to end has no stats: its last ones are more useful than none */
    if (n <= TEXT_MAX && figures_are_sound(bytes, n, figures->each[i].is_lines))
      figure_set(&figures->each[i], bytes, n);
  }
  figures->taken_ms = clock_ms();
  figures->is_late = false;
  serve(figures);
}

/* Call when a reader waits for the guest's stats. Asks the guest once for all waiting readers. */
static void want(struct launcher *launcher) {
  struct figures *figures = launcher->figures;
  int64_t now = clock_ms();

  if (launcher->state != PROCESS_ATTACHED || figures->is_late ||
      (figures->taken_ms != 0 && now - figures->taken_ms < FRESH_MS)) {
    serve(figures);
    return;
  }
  if (figures->asked_ms != 0)
    return;
  figures->asked_ms = now;
  connection_put(&launcher->shim, THAW_FIGURES, launcher->process, 0, NULL, 0);
}

void figures_turn(struct launcher *launcher, const struct pollfd *fds) {
  struct figures *figures = launcher->figures;

  if (figures == NULL)
    return;
  for (unsigned i = 0; i < FIGURES_FILES; i++) {
    if (fds[i].revents != 0 && figures->each[i].fd >= 0 && figure_turn(&figures->each[i]))
      want(launcher);
  }
  if (figures_patience(launcher) == 0) {
    figures->is_late = true;
    serve(figures);
  }
}
