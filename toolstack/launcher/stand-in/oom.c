// SPDX-License-Identifier: Apache-2.0
/*
 * How does an engine learn that a guest's kernel killed for want of memory? Engines look into memory.events of the
 * container's cgroup in dom0. So that it says what is so, a process that is there for nothing else wants more memory
 * there than it gets. containerd looks there once its call of `start` has ended and sees nothing of what was before: a
 * guest can be quicker, so who watches is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/launcher.h"

/* It is by far the largest in the cgroup when its turn comes, so the kernel takes none of the others. */
#define LEFT (4u << 20)
#define WANTED (16u << 20)
#define DEATH_MS 20000 /* of a dom0 that has its CPU for others: the kernel tries to reclaim first */
#define LOOK_US 1000
#define WATCH_MS 10000       /* for one that looks, on a busy host, too; then nobody does */
#define WATCH_LOOK_US 200000 /* each look goes through all descriptors of dom0 */

/* Where dom0 would end itself for that, whoever is in the guest could end it. */
static bool is_fatal(void) {
  int fd = open("/proc/sys/vm/panic_on_oom", O_RDONLY | O_CLOEXEC);
  char value = '2';

  if (fd < 0)
    return true;
  if (read(fd, &value, 1) != 1)
    value = '2';
  close(fd);
  return value == '2';
}

void oom_open(struct oom_cgroup *cgroup, const char *procs) {
  const char *slash = strrchr(procs, '/');
  char folder[4096];
  int parent;

  if (is_fatal() || slash == NULL || (size_t)(slash - procs) >= sizeof folder)
    return;
  memcpy(folder, procs, (size_t)(slash - procs));
  folder[slash - procs] = '\0';
  parent = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0)
    return;
  cgroup->used = openat(parent, "memory.current", O_RDONLY | O_CLOEXEC);
  cgroup->limit = openat(parent, "memory.max", O_WRONLY | O_CLOEXEC);
  if (watched_name(&cgroup->events, parent, "memory.events"))
    cgroup->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  close(parent);
}

static long long read_number(int fd) {
  char text[32];
  ssize_t n = pread(fd, text, sizeof text - 1, 0);

  text[n > 0 ? n : 0] = '\0';
  return n > 0 ? strtoll(text, NULL, 10) : -1;
}

/* Locked, so that nothing of it can be swapped out. */
static void want(void) {
  mmap(NULL, WANTED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
  _exit(0);
}

static void await(pid_t pid) {
  int64_t end = clock_ms() + DEATH_MS;

  while (waitpid(pid, NULL, WNOHANG) == 0) {
    if (clock_ms() >= end) {
      kill(pid, SIGKILL);
      end = INT64_MAX;
    }
    usleep(LOOK_US);
  }
}

static void await_watch(const struct oom_cgroup *cgroup) {
  int64_t end = clock_ms() + WATCH_MS;

  while (cgroup->proc >= 0 && !watched_by_any(&cgroup->events, cgroup->proc) && clock_ms() < end)
    usleep(WATCH_LOOK_US);
}

void oom_show(const struct oom_cgroup *cgroup) {
  char limit[32];
  pid_t pid;

  if (read_number(cgroup->used) < 0)
    return; /* dom0 does not count memory there */
  await_watch(cgroup);
  snprintf(limit, sizeof limit, "%lld", read_number(cgroup->used) + LEFT);
  if (pwrite(cgroup->limit, limit, strlen(limit), 0) < 0)
    return; /* the cgroup is gone */
  pid = fork();
  if (pid == 0)
    want();
  if (pid > 0)
    await(pid);
  if (pwrite(cgroup->limit, "max", strlen("max"), 0) < 0)
    return; /* the cgroup is about to go in any case */
}
