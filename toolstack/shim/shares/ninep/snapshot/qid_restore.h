/* SPDX-License-Identifier: Apache-2.0 */
/* Restores the table of devices behind a guest's file numbers in a server that replaces another. */
#ifndef THAW_NINEP_QID_RESTORE_H
#define THAW_NINEP_QID_RESTORE_H

#include "shares/ninep/fids/qid.h"

#include <stdbool.h>

/* Evidence from the guest's files about one entry in the previous server's table. */
struct qid_claim {
  dev_t device;
  uint32_t high;
  bool is_made, is_void;
};

/* Adds a file of that entry: it had this inode number and is `info` now. */
void qid_claim(struct qid_claim *claim, uint64_t inode, const struct stat *info);

/*
 * Fills the table with one entry for each claim. An entry gets the device that holds all its files, under their old
 * numbers, or stays without a device for ever. New devices get later entries. On ENOMEM the table stays unchanged.
 */
int qid_restore(struct qid_table *table, const struct qid_claim *claims, uint32_t count);

#endif
