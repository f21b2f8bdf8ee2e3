// SPDX-License-Identifier: Apache-2.0
/* Maps the pages of all servers for reading, and the own page for writing (join_budget.h). */
#include "shares/server/join_budget.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shares/shares.h"

int join_budget(struct ninep *server, unsigned page) {
  const struct ninep_budget_page *pages = MAP_FAILED;
  struct ninep_budget_page *own = MAP_FAILED;
  int error = EINVAL;

  if (page < SHARES_SERVERS_MAX) {
    pages = mmap(NULL, SHARED_BUDGET_BYTES, PROT_READ, MAP_SHARED, SHARES_BUDGET, 0);
    own = mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_SHARED, SHARES_BUDGET, (off_t)((1 + page) * sizeof *own));
    error = errno;
  }
  close(SHARES_BUDGET);
  if (pages != MAP_FAILED && own != MAP_FAILED) {
    ninep_share_budget(server, pages, own);
    return 0;
  }
  errno = error;
  return -1;
}
