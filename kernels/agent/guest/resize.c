// SPDX-License-Identifier: Apache-2.0
/* RESIZE: waits until the guest has the memory that dom0 gave it, and switches vCPUs on and off. */
#define _GNU_SOURCE
#include "guest/resize.h"
#include "protocol/control.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_NS (2 * AGENT_MS)
#define FIRST_POLL_NS (AGENT_MS / 2) /* a container's start adds few memory sections */
#define FIRST_POLLS 8
#define BALLOON_TARGET "/sys/devices/system/xen_memory/xen_memory0/target_kb"
#define REFUSED_NS (250 * AGENT_MS) /* until the next attempt: the kernel reports each refusal on the console */
#define CPUS_MAX 4096

struct resizing {
  struct agent_request request;
  struct thaw_resize wanted;
  uint64_t deadline_ns, retry_ns;
  unsigned polls;
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

/*
 * Switches vCPUs on and off; 0 leaves them. A PV guest gets a CPU's directory when dom0 makes the vCPU available; PVH
 * has all of them from boot on. False: the kernel refused one.
 */
static bool set_online(uint32_t wanted) {
  char path[64], state;
  bool ok = true;

  for (uint32_t cpu = 1; wanted > 0; cpu++) {
    char want = cpu < wanted ? '1' : '0';
    int fd;

    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/online", cpu);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
      break;
    if (read(fd, &state, 1) == 1 && state != want && pwrite(fd, &want, 1, 0) != 1)
      ok = false;
    close(fd);
  }
  return ok;
}

/* Raises the balloon's target. dom0 also writes it to xenstore, but later. A test's machine has no balloon. */
static bool raise_target(uint64_t kib) {
  char text[32] = "";
  int fd = -1, length;
  bool ok = false;

  if (kib == 0 || !agent_store_is_real())
    return true;
  fd = open(BALLOON_TARGET, O_RDWR | O_CLOEXEC);
  if (fd < 0 || pread(fd, text, sizeof text - 1, 0) <= 0)
    goto out;
  length = snprintf(text, sizeof text, "%llu", (unsigned long long)(strtoull(text, NULL, 10) + kib));
  ok = pwrite(fd, text, (size_t)length, 0) == length;
out:
  if (fd >= 0)
    close(fd);
  return ok;
}

static bool is_reached(const struct thaw_resize *now, const struct thaw_resize *wanted) {
  return now->memory_kib >= wanted->memory_kib && (wanted->vcpus == 0 || now->vcpus == wanted->vcpus);
}

static void poll_growth(struct agent_timer *timer) {
  struct resizing *resizing = timer->owner;
  struct thaw_resize *wanted = &resizing->wanted, now = {.memory_kib = memory_kib()};
  uint64_t now_ns = agent_loop_now_ns();

  /* a test must not change the CPUs of its machine */
  if (agent_store_is_real() && now_ns >= resizing->retry_ns && !set_online(wanted->vcpus))
    resizing->retry_ns = now_ns + REFUSED_NS;
  now.vcpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
  if (is_reached(&now, wanted)) {
    agent_control_ok(resizing->request, &now, sizeof now);
  } else if (agent_control_awaits(resizing->request) && now_ns < resizing->deadline_ns) {
    agent_timer_set(timer, resizing->polls++ < FIRST_POLLS ? FIRST_POLL_NS : POLL_NS);
    return;
  } else {
    agent_control_error(resizing->request, THAW_E_RESIZE, "Guest has %llu of %llu KiB and %u of %u vCPUs after %u ms",
                        (unsigned long long)now.memory_kib, (unsigned long long)wanted->memory_kib, now.vcpus,
                        wanted->vcpus, wanted->timeout_ms);
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
  if (!raise_target(body.grow_kib)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot tell the balloon to grow: %s", strerror(errno));
    return;
  }
  resizing = calloc(1, sizeof *resizing);
  if (!resizing) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  *resizing = (struct resizing){
      .request = request,
      .wanted = body,
      .deadline_ns = agent_loop_now_ns() + body.timeout_ms * AGENT_MS,
      .poll = {.fire = poll_growth, .owner = resizing},
  };
  poll_growth(&resizing->poll);
}
