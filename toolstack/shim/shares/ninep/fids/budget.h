// SPDX-License-Identifier: Apache-2.0
/*
 * Bounds the descriptors that a guest makes its servers hold: those of this server, and those of all servers of its
 * sandbox, which count in memory that they share. A server needs one for each fid, for each open file and for each
 * locked file.
 */
#ifndef THAW_NINEP_BUDGET_H
#define THAW_NINEP_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#ifndef NINEP_DESCRIPTORS_MAX               /* tests have less */
#define NINEP_DESCRIPTORS_MAX 32768u        /* of one server */
#define NINEP_DESCRIPTORS_OF_SANDBOX 65536u /* of all servers that share a budget */
#define NINEP_DESCRIPTORS_SURE 256u         /* of one server, whatever the others hold */
#endif

/* A page of the memory in which the servers of one sandbox count: as large as the largest page of any processor. */
struct ninep_budget_page {
  uint32_t number;
  uint8_t unused[65536 - sizeof(uint32_t)];
};

struct budget {
  uint32_t taken;
  const struct ninep_budget_page *pages; /* NULL: the server has no others beside it */
  struct ninep_budget_page *own;
};

/* Returns 0, or ENFILE when the guest must close files first. Call before the descriptor is opened, so that a refused
 * request neither creates nor truncates a file. */
int budget_take(struct budget *budget);

/* Gives back a descriptor that was closed, or not opened after all. */
void budget_give(struct budget *budget);

#endif
