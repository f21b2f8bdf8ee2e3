// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What else changes when a guest grows? scripts/build-kernel adds this file to drivers/xen.
 *
 * A clone is woken with 16 MiB and grows while its container already runs. Who runs short meanwhile must not be killed
 * for it: memory is on its way. And what Linux derives from the memory it booted with, the bounds of network buffers,
 * would stay those of 16 MiB.
 */
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <xen/balloon.h>
#include <xen/xen.h>

#define WAIT_TICKS 100 /* without a page from Xen: 1 s at 100 Hz, then the kill goes ahead */

static bool is_growing(void) {
  return balloon_stats.target_pages > balloon_stats.current_pages;
}

/* The balloon's own thread must not wait for itself; its page descriptors are asked for without a kill. */
static int wait_for_growth(struct notifier_block *block, unsigned long unused, void *freed) {
  unsigned long before = balloon_stats.current_pages;

  if (current->flags & PF_KTHREAD)
    return NOTIFY_OK;
  for (int tick = 0; tick < WAIT_TICKS && is_growing() && !fatal_signal_pending(current); tick++) {
    schedule_timeout_killable(1);
    if (balloon_stats.current_pages > before) {
      *(unsigned long *)freed += balloon_stats.current_pages - before;
      break;
    }
  }
  return NOTIFY_OK;
}

static struct notifier_block oom_block = {.notifier_call = wait_for_growth};

/* The shares that tcp_init_mem() and udp_init() take at boot; a bound set by hand is only ever raised */
static void raise_bounds(long bounds[3], long limit) {
  bounds[0] = max(bounds[0], limit / 4 * 3);
  bounds[1] = max(bounds[1], limit);
  bounds[2] = max(bounds[2], limit / 4 * 6);
}

static int follow_growth(struct notifier_block *block, unsigned long event, void *unused) {
  long pages = balloon_stats.target_pages;

  if (event == MEM_ONLINE) {
    raise_bounds(sysctl_tcp_mem, pages / 16);
    raise_bounds(sysctl_udp_mem, pages / 8);
  }
  return NOTIFY_OK;
}

static struct notifier_block memory_block = {.notifier_call = follow_growth};

static int __init balloon_growth_init(void) {
  int error;

  if (!xen_domain())
    return 0;
  error = register_oom_notifier(&oom_block);
  return error ? error : register_memory_notifier(&memory_block);
}
late_initcall(balloon_growth_init);
