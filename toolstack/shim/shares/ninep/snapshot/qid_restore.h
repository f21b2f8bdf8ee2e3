/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the devices that a guest knows by its files' numbers are there in a server that goes on for another. */
#ifndef THAW_NINEP_QID_RESTORE_H
#define THAW_NINEP_QID_RESTORE_H

#include "shares/ninep/fids/qid.h"

#include <stdbool.h>

/* What the guest's files say of one place in the table that the other server had. */
struct qid_claim {
  dev_t device;
  uint32_t high;
  bool is_made, is_void;
};

/* A file of that place had this inode number, and is `info` now. */
void qid_claim(struct qid_claim *claim, uint64_t inode, const struct stat *info);

/*
 * The table has as many places as there are claims: each the device on which all files of it are, with the numbers that
 * they had, or none's for ever. What was not there gets places behind them. ENOMEM, and the table is as it was.
 */
int qid_restore(struct qid_table *table, const struct qid_claim *claims, uint32_t count);

#endif
