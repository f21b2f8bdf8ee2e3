// SPDX-License-Identifier: Apache-2.0
/*
 * Clears free memory: a child allocates all of it and ends, and the kernel clears the pages that it hands out. Until
 * then free pages hold data of the boot, the kernel's poison over its init memory, and data of the machine's earlier
 * users.
 */
#define _GNU_SOURCE
#include "freeze/scrub.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP (256u << 10)
/* Left free beside the kernel's own reserve: page tables for the child, and a step. */
#define MARGIN (512u << 10)
#define DEADLINE_SECONDS 15

/*
 * Below one and a half of this value the kernel begins to reclaim memory of other processes: 0.7 MiB of 15, 3 of 256.
 */
static uint64_t kernel_reserve(void) {
  char text[32] = "";
  int fd = open("/proc/sys/vm/min_free_kbytes", O_RDONLY | O_CLOEXEC);

  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
    _exit(1);
  close(fd);
  return (uint64_t)strtoul(text, NULL, 10) * 1024 * 3 / 2;
}

static bool is_plenty_free(uint64_t margin) {
  struct sysinfo info;

  return sysinfo(&info) == 0 && (uint64_t)info.freeram * info.mem_unit > margin;
}

_Noreturn static void take_all(void) {
  const uint64_t margin = kernel_reserve() + MARGIN;
  sigset_t none;
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  /* if the kernel runs out of memory, it must kill this process */
  if (fd < 0 || write(fd, "1000", 4) != 4)
    _exit(1);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  alarm(DEADLINE_SECONDS);
  while (is_plenty_free(margin)) {
    void *step = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (step == MAP_FAILED || madvise(step, STEP, MADV_POPULATE_WRITE) != 0)
      _exit(1);
  }
  _exit(0);
}

void agent_scrub(void) {
  pid_t pid = fork();
  int status = 0;

  if (pid == 0)
    take_all();
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (pid < 0 || status != 0)
    agent_log("freeze: free memory is not cleared: %s", pid < 0 ? strerror(errno) : "its process did not end well");
}
