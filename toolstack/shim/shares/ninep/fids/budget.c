// SPDX-License-Identifier: Apache-2.0
/* Bounds the descriptors that a guest makes its servers hold (budget.h). */
#include "shares/ninep/fids/budget.h"

#include <errno.h>
#include <stddef.h>

/* Writes the own number for the other servers, and reads theirs. Two servers that take the last descriptor at one time
 * may both be refused, but never both get it: each writes before it reads. */
static bool fits_sandbox(const struct budget *budget, uint32_t taken) {
  uint32_t servers = __atomic_load_n(&budget->pages->number, __ATOMIC_SEQ_CST);
  uint64_t all = 0;

  __atomic_store_n(&budget->own->number, taken, __ATOMIC_SEQ_CST);
  for (uint32_t i = 0; i < servers; i++)
    all += __atomic_load_n(&budget->pages[1 + i].number, __ATOMIC_SEQ_CST);
  return all <= NINEP_DESCRIPTORS_OF_SANDBOX;
}

int budget_take(struct budget *budget) {
  uint32_t taken = budget->taken + 1;

  if (taken > NINEP_DESCRIPTORS_MAX)
    return ENFILE;
  if (budget->pages != NULL && !fits_sandbox(budget, taken) && taken > NINEP_DESCRIPTORS_SURE) {
    __atomic_store_n(&budget->own->number, budget->taken, __ATOMIC_SEQ_CST);
    return ENFILE;
  }
  budget->taken = taken;
  return 0;
}

void budget_give(struct budget *budget) {
  budget->taken--;
  if (budget->pages != NULL)
    __atomic_store_n(&budget->own->number, budget->taken, __ATOMIC_SEQ_CST);
}
