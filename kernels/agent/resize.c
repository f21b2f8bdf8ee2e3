// SPDX-License-Identifier: Apache-2.0
/* RESIZE: has the guest grown to what dom0 gave it? Memory comes by itself, vCPUs are brought online. */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_NS (2 * AGENT_MS)
#define CPUS_MAX 4096

struct resizing {
  struct agent_request request;
  struct thaw_resize wanted;
  uint64_t deadline_ns;
  struct agent_timer poll;
};

static uint64_t memory_kib(void) {
  char text[256] = "";
  int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

  if (fd >= 0) {
    if (read(fd, text, sizeof text - 1) < 0)
      text[0] = '\0';
    close(fd);
  }
  return strncmp(text, "MemTotal:", 9) == 0 ? strtoull(text + 9, NULL, 10) : 0;
}

/* A vCPU that dom0 made available has its directory at once, and stays off until somebody says so. */
static void bring_online(uint32_t wanted) {
  char path[64], state = '1';

  for (uint32_t cpu = 1; cpu < wanted; cpu++) {
    int fd;

    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/online", cpu);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
      continue;
    if (read(fd, &state, 1) == 1 && state == '0' && pwrite(fd, "1", 1, 0) != 1)
      state = '0'; /* the next round tries again, and the deadline tells */
    close(fd);
  }
}

static void poll_growth(struct agent_timer *timer) {
  struct resizing *resizing = timer->owner;
  struct thaw_resize now = {.memory_kib = memory_kib()};

  bring_online(resizing->wanted.vcpus);
  now.vcpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
  if (now.memory_kib >= resizing->wanted.memory_kib && now.vcpus >= resizing->wanted.vcpus) {
    agent_control_ok(resizing->request, &now, sizeof now);
  } else if (agent_control_awaits(resizing->request) && agent_loop_now_ns() < resizing->deadline_ns) {
    agent_timer_set(timer, POLL_NS);
    return;
  } else {
    agent_control_error(resizing->request, THAW_E_RESIZE, "Guest has %llu of %llu KiB and %u of %u vCPUs after %u ms",
                        (unsigned long long)now.memory_kib, (unsigned long long)resizing->wanted.memory_kib, now.vcpus,
                        resizing->wanted.vcpus, resizing->wanted.timeout_ms);
  }
  free(resizing);
}

void agent_resize_request(struct agent_request request, struct agent_fields *fields) {
  struct resizing *resizing;
  struct thaw_resize body;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_at_end(fields) || body.vcpus > CPUS_MAX) {
    agent_control_error(request, THAW_E_MESSAGE, "RESIZE is malformed");
    return;
  }
  resizing = calloc(1, sizeof *resizing);
  if (!resizing) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  *resizing = (struct resizing){
      request, body, agent_loop_now_ns() + body.timeout_ms * AGENT_MS, {.fire = poll_growth, .owner = resizing}};
  poll_growth(&resizing->poll);
}
