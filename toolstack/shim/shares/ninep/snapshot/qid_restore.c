// SPDX-License-Identifier: Apache-2.0
/*
 * Restores the table of devices behind a guest's file numbers (qid_restore.h). A number that the guest uses for one
 * file must never become another file's. So a device counts as the same only if its files prove it.
 */
#include "shares/ninep/snapshot/qid_restore.h"

#include <errno.h>
#include <stdlib.h>

#define NO_DEVICE ((dev_t) - 1) /* Linux's device numbers have 32 bits */

void qid_claim(struct qid_claim *claim, uint64_t inode, const struct stat *info) {
  if (info->st_ino != inode || (claim->is_made && claim->device != info->st_dev))
    claim->is_void = true;
  claim->device = info->st_dev;
  claim->is_made = true;
}

/* True if an earlier claim has this device. Two old devices may be one now, but their file numbers must not mix. */
static bool is_taken(const struct qid_device *devices, uint32_t count, const struct qid_claim *claim) {
  for (uint32_t i = 0; i < count; i++)
    if (devices[i].device == claim->device && devices[i].high == claim->high)
      return true;
  return false;
}

int qid_restore(struct qid_table *table, const struct qid_claim *claims, uint32_t count) {
  struct qid_device *devices = calloc(count, sizeof *devices);

  if (devices == NULL)
    return ENOMEM;
  for (uint32_t i = 0; i < count; i++) {
    const struct qid_claim *claim = &claims[i];
    bool is_same = claim->is_made && !claim->is_void && !is_taken(devices, i, claim);

    devices[i] = is_same ? (struct qid_device){claim->device, claim->high} : (struct qid_device){NO_DEVICE, 0};
  }
  qid_free(table);
  *table = (struct qid_table){.devices = devices, .count = count, .room = count};
  return 0;
}
