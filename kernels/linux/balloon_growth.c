// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Lists what else changes when a guest grows. scripts/build-kernel adds this file to drivers/xen.
 *
 * A clone is woken with 15 MiB and grows while its container already runs. Who runs short meanwhile must not be killed
 * for it: memory is on its way. Nor may a step of growth want for the pages that describe it: they are in stock. And
 * what Linux derives from the memory it booted with, the bounds of network buffers, would stay those of 15 MiB.
 */
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <net/tcp.h>
#include <net/udp.h>
#include <xen/balloon.h>
#include <xen/xen.h>

#define WAIT_TICKS (20 * HZ) /* without a page from Xen, on a host that is busy; then the kill goes ahead */
/* A container gets 32 MiB or more, of which Xen keeps some for itself: with less than this, a clone is still to be told
 * its target */
#define LEAST_PAGES (24 << (20 - PAGE_SHIFT))

/* Of a section: 32 */
#define DESCRIPTOR_PAGES PFN_UP(PAGES_PER_SECTION * sizeof(struct page))
/* A guest also takes page tables, in PV guests of single pages, as is their list of frames; and a few slabs */
#define SPARE_PAGES (xen_pv_domain() ? 16 : 8)
/* With the stock set aside, Linux's own reserve need not suffice for more than interrupts; in KiB, Linux's least */
#define LEAST_RESERVE 128

/* mm/internal.h */
extern int min_free_kbytes;
void setup_per_zone_wmarks(void);
int init_per_zone_wmark_min(void);

/* Populated pages that the allocator does not know of. After boot only the balloon's thread touches it */
static LIST_HEAD(stock);
static unsigned long stocked;

bool balloon_stock_wants(void) {
  return stocked < DESCRIPTOR_PAGES + SPARE_PAGES;
}

bool balloon_stock_keep(struct page *page) {
  if (!balloon_stock_wants())
    return false;
  __ClearPageReserved(page);
  if (!PageOffline(page))
    __SetPageOffline(page);
  list_add(&page->lru, &stock);
  stocked++;
  return true;
}

static struct page *from_stock(void) {
  struct page *page = list_first_entry_or_null(&stock, struct page, lru);

  if (page) {
    list_del(&page->lru);
    stocked--;
  }
  return page;
}

/* Leaves the stock to descriptors, the rest of it to the allocator; false if there is too little for a section */
bool balloon_stock_open(void) {
  if (balloon_stock_wants() && nr_free_pages() + stocked < DESCRIPTOR_PAGES + SPARE_PAGES)
    return false;
  while (stocked > DESCRIPTOR_PAGES)
    /* To where any CPU finds it, which free_reserved_page() does not */
    generic_online_page(from_stock(), 0);
  return true;
}

/* A page as if it were just allocated, for vmemmap_alloc_block(); NULL if there is none */
struct page *balloon_stock_take(void) {
  struct page *page = from_stock();

  if (page) {
    __ClearPageOffline(page);
    set_page_count(page, 1);
    adjust_managed_page_count(page, 1);
  }
  return page;
}

static void fill_stock(void) {
  struct page *page;

  while (balloon_stock_wants()) {
    page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY | __GFP_NOWARN);
    if (!page)
      return;
    adjust_managed_page_count(page, -1);
    balloon_stock_keep(page);
  }
}

/* At add_memory_resource(), when Linux does it, none of the new pages was there */
void balloon_filled(void) {
  init_per_zone_wmark_min();
}

static bool is_growing(void) {
  return balloon_stats.target_pages > balloon_stats.current_pages || balloon_stats.current_pages < LEAST_PAGES;
}

/* Those that bring the memory must not wait for it, nor anybody be killed for what they need */
static bool brings_memory(void) {
  return (current->flags & PF_KTHREAD) &&
         (strcmp(current->comm, "xen-balloon") == 0 || strcmp(current->comm, "xenbus") == 0 ||
          strcmp(current->comm, "xenwatch") == 0);
}

static int wait_for_growth(struct notifier_block *block, unsigned long unused, void *freed) {
  unsigned long *pages = freed, before = balloon_stats.current_pages;

  if (is_growing() && brings_memory()) {
    schedule_timeout_uninterruptible(1);
    *pages += 1;
    return NOTIFY_OK;
  }
  for (int tick = 0; tick < WAIT_TICKS && is_growing() && !fatal_signal_pending(current); tick++) {
    schedule_timeout_killable(1);
    if (balloon_stats.current_pages > before) {
      *pages += balloon_stats.current_pages - before;
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
  fill_stock();
  min_free_kbytes = LEAST_RESERVE;
  setup_per_zone_wmarks();
  error = register_oom_notifier(&oom_block);
  return error ? error : register_memory_notifier(&memory_block);
}
late_initcall(balloon_growth_init);
