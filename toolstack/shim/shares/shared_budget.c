// SPDX-License-Identifier: Apache-2.0
/* Makes and maps the memory in which a sandbox's 9P servers count their descriptors (shared_budget.h). */
#include "shares/shared_budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct shared_budget {
  struct ninep_budget_page *pages;
  int fd;
  bool is_claimed[SHARED_BUDGET_SERVERS];
};

struct shared_budget *shared_budget_new(void) {
  struct shared_budget *budget = calloc(1, sizeof *budget);
  int error;

  if (budget == NULL)
    return NULL;
  budget->fd = memfd_create("thaw-budget", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (budget->fd < 0)
    goto out;
  /* a shorter file would end the shim at its next access */
  if (ftruncate(budget->fd, SHARED_BUDGET_BYTES) != 0 ||
      fcntl(budget->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    goto out;
  budget->pages = mmap(NULL, SHARED_BUDGET_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, budget->fd, 0);
  if (budget->pages != MAP_FAILED)
    return budget;
out:
  error = errno;
  if (budget->fd >= 0)
    close(budget->fd);
  free(budget);
  errno = error;
  return NULL;
}

int shared_budget_fd(const struct shared_budget *budget) {
  return budget->fd;
}

/* Tells the servers how many pages they must add up. */
static void count_pages(struct shared_budget *budget) {
  uint32_t pages = SHARED_BUDGET_SERVERS;

  while (pages > 0 && !budget->is_claimed[pages - 1])
    pages--;
  __atomic_store_n(&budget->pages[0].number, pages, __ATOMIC_SEQ_CST);
}

unsigned shared_budget_claim(struct shared_budget *budget) {
  unsigned page = 0;

  while (budget->is_claimed[page])
    page++;
  budget->is_claimed[page] = true;
  count_pages(budget);
  return page;
}

void shared_budget_release(struct shared_budget *budget, unsigned page) {
  __atomic_store_n(&budget->pages[1 + page].number, 0, __ATOMIC_SEQ_CST);
  budget->is_claimed[page] = false;
  count_pages(budget);
}

void shared_budget_free(struct shared_budget *budget) {
  if (budget == NULL)
    return;
  munmap(budget->pages, SHARED_BUDGET_BYTES);
  close(budget->fd);
  free(budget);
}
