// SPDX-License-Identifier: Apache-2.0
/*
 * Shows an engine that the guest's kernel killed a process for want of memory. Engines read memory.events of the
 * container's cgroup in dom0. To make the kernel count an OOM kill there, a helper process asks for more memory than
 * the cgroup allows. containerd watches the file only once its call of `start` has ended, and misses earlier events.
 * A guest can be quicker, so oom_show() first waits for a watcher.
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

/* The helper is by far the largest process in the cgroup when it asks, so the kernel kills no other. */
#define LEFT (4u << 20)
#define WANTED (16u << 20)
#define DEATH_MS 20000 /* for a dom0 short of CPU time: the kernel tries to reclaim first */
#define LOOK_US 1000
#define WATCH_MS 10000       /* enough for a watcher on a busy host; later there is none */
#define WATCH_LOOK_US 200000 /* each look reads all descriptors of dom0 */

/* True if an OOM kill would panic dom0 (also if unknown): a process in the guest could then crash dom0. */
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

/* Locks the memory, so that the kernel cannot swap it out. */
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
    return; /* dom0 does not count memory in this cgroup */
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
