// SPDX-License-Identifier: Apache-2.0
// domain-pages DOMID: prints a line for each frame of a paused domain, "FRAME HASH"; zero pages have hash 0. Pages of
// a PV domain that hold machine frames (page tables, p2m list, start info) are hashed with the domain's own frame
// numbers in their place, so that two domains with the same memory give the same lines.
//
// cc -o domain-pages domain-pages.c -lxenctrl -lxenguest -lxenforeignmemory

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xenguest.h>

enum { WORDS = 512, BATCH = 512, PAGE = 4096, UNKNOWN = 15, TYPES = 1024 };
#define FRAME_MASK 0x000ffffffffff000ULL

struct domain {
  xc_interface *xch;
  xenforeignmemory_handle *memory;
  uint32_t domid;
  xen_pfn_t *m2p; // NULL for a domain with paging of its own
  unsigned long frames;
  uint8_t *types; // by machine frame: 1 to 4 for page tables, UNKNOWN for other domains' pages
};

static bool to_pfn(const struct domain *domain, uint64_t frame, uint64_t *pfn) {
  if (frame >= domain->frames || domain->types[frame] == UNKNOWN)
    return false;
  *pfn = domain->m2p[frame];
  return true;
}

// Xen has its own entries in the guest's highest tables (ROOT_PAGETABLE_FIRST_XEN_SLOT and so on).
enum { XEN_FIRST = 256, XEN_END = 272, LEVEL_4 = 4 };

static void translate_table(const struct domain *domain, unsigned level, uint64_t *words) {
  if (level == LEVEL_4)
    memset(words + XEN_FIRST, 0, (XEN_END - XEN_FIRST) * sizeof *words);
  for (int i = 0; i < WORDS; i++) {
    uint64_t pfn;
    if ((words[i] & 1) && to_pfn(domain, (words[i] & FRAME_MASK) >> 12, &pfn))
      words[i] = (words[i] & ~FRAME_MASK) | pfn << 12;
  }
}

static void translate_words(const struct domain *domain, uint64_t *words) {
  for (int i = 0; i < WORDS; i++) {
    uint64_t pfn;
    if (to_pfn(domain, words[i], &pfn))
      words[i] = pfn;
  }
}

static void translate_start_info(const struct domain *domain, start_info_t *info) {
  uint64_t pfn;
  if (to_pfn(domain, info->store_mfn, &pfn))
    info->store_mfn = pfn;
  if (to_pfn(domain, info->console.domU.mfn, &pfn))
    info->console.domU.mfn = pfn;
  // This frame is Xen's, not the domain's.
  info->shared_info = 0;
}

static bool is_p2m_list(const struct domain *domain, const uint64_t *words) {
  uint64_t first, pfn;
  if (!to_pfn(domain, words[0], &first))
    return false;
  for (int i = 1; i < 64; i++) {
    if (!to_pfn(domain, words[i], &pfn) || pfn != first + (uint64_t)i)
      return false;
  }
  return true;
}

static void print_page(const struct domain *domain, uint64_t number, unsigned type, const void *page) {
  uint64_t words[WORDS], hash = 14695981039346656037ULL;
  bool is_zero = true;
  memcpy(words, page, PAGE);
  if (domain->m2p != NULL && type >= 1 && type <= 4)
    translate_table(domain, type, words);
  else if (domain->m2p != NULL && is_p2m_list(domain, words))
    translate_words(domain, words);
  else if (domain->m2p != NULL && memcmp(words, "xen-3.0-", 8) == 0)
    translate_start_info(domain, (start_info_t *)words);
  for (int i = 0; i < WORDS; i++) {
    is_zero = is_zero && words[i] == 0;
    hash = (hash ^ words[i]) * 1099511628211ULL;
    hash ^= hash >> 29;
  }
  printf("%llx %llx\n", (unsigned long long)number, is_zero ? 0 : (unsigned long long)hash);
}

static int print_frames(const struct domain *domain, const xen_pfn_t *frames, size_t count) {
  for (size_t at = 0; at < count; at += BATCH) {
    size_t n = count - at < BATCH ? count - at : BATCH;
    int errors[BATCH];
    uint8_t *pages = xenforeignmemory_map(domain->memory, domain->domid, PROT_READ, n, frames + at, errors);
    if (pages == NULL)
      return -1;
    for (size_t i = 0; i < n; i++) {
      xen_pfn_t frame = frames[at + i];
      bool is_pv = domain->m2p != NULL;
      if (errors[i] == 0)
        print_page(domain, is_pv ? domain->m2p[frame] : frame, is_pv ? domain->types[frame] & 7 : 0, pages + i * PAGE);
    }
    xenforeignmemory_unmap(domain->memory, pages, n);
  }
  return 0;
}

// Finds the domain's machine frames and their types (XEN_DOMCTL_getpageframeinfo3).
static int get_types(struct domain *domain) {
  DECLARE_HYPERCALL_BUFFER(xen_pfn_t, frames);
  int failed = -1;
  frames = xc_hypercall_buffer_alloc(domain->xch, frames, TYPES * sizeof *frames);
  if (frames == NULL)
    return -1;
  for (unsigned long at = 0; at < domain->frames; at += TYPES) {
    struct xen_domctl call = {.cmd = XEN_DOMCTL_getpageframeinfo3, .domain = (domid_t)domain->domid};
    for (unsigned long i = 0; i < TYPES; i++)
      frames[i] = at + i;
    call.u.getpageframeinfo3.num = TYPES;
    set_xen_guest_handle(call.u.getpageframeinfo3.array, frames);
    if (xc_domctl(domain->xch, &call) != 0)
      goto out;
    for (unsigned long i = 0; i < TYPES && at + i < domain->frames; i++)
      domain->types[at + i] = (uint8_t)((frames[i] >> 28) & 15);
  }
  failed = 0;
out:
  xc_hypercall_buffer_free(domain->xch, frames);
  return failed;
}

static int print_pv(struct domain *domain, unsigned long pages) {
  unsigned long first = 0;
  size_t count = 0;
  xen_pfn_t *list = calloc(pages, sizeof *list);
  if (xc_maximum_ram_page(domain->xch, &domain->frames) < 0 || list == NULL)
    return -1;
  domain->m2p = xc_map_m2p(domain->xch, domain->frames, PROT_READ, &first);
  domain->types = calloc(domain->frames, 1);
  if (domain->m2p == NULL || domain->types == NULL || get_types(domain) != 0)
    return -1;
  for (unsigned long frame = 0; frame < domain->frames && count < pages; frame++) {
    if (domain->types[frame] != UNKNOWN)
      list[count++] = frame;
  }
  return print_frames(domain, list, count);
}

// Prints memory from 0 on, ACPI tables and special pages (xen/arch-x86/hvm/start_info.h, libxenguest's layout).
static int print_hvm(const struct domain *domain, unsigned long pages) {
  const struct {
    xen_pfn_t from, count;
  } areas[] = {{0, pages}, {0xfc000, 256}, {0xfeff0, 16}};
  for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
    xen_pfn_t *frames = malloc(areas[i].count * sizeof *frames);
    if (frames == NULL)
      return -1;
    for (xen_pfn_t k = 0; k < areas[i].count; k++)
      frames[k] = areas[i].from + k;
    if (print_frames(domain, frames, areas[i].count) != 0)
      return -1;
    free(frames);
  }
  return 0;
}

int main(int argc, char **argv) {
  xc_domaininfo_t info;
  struct domain domain = {
      .xch = xc_interface_open(NULL, NULL, 0),
      .memory = xenforeignmemory_open(NULL, 0),
      .domid = argc > 1 ? (uint32_t)atoi(argv[1]) : 0,
  };
  if (argc != 2 || domain.xch == NULL || domain.memory == NULL ||
      xc_domain_getinfo_single(domain.xch, domain.domid, &info) != 0) {
    perror("domain-pages");
    return 1;
  }
  int failed =
      info.flags & XEN_DOMINF_hvm_guest ? print_hvm(&domain, info.tot_pages) : print_pv(&domain, info.tot_pages);
  if (failed)
    perror("domain-pages");
  return failed ? 1 : 0;
}
