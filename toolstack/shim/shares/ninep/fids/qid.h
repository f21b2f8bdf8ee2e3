// SPDX-License-Identifier: Apache-2.0
/* Assigns the number that identifies a file to the guest. */
#ifndef THAW_NINEP_QID_H
#define THAW_NINEP_QID_H

#include "shares/ninep/wire.h"

#include <sys/stat.h>

struct qid {
  uint8_t type;
  uint64_t path;
};

struct qid_device {
  dev_t device;
  uint32_t high; /* the upper bits of inode numbers; some file systems use them */
};

struct qid_table {
  struct qid_device *devices;
  uint32_t count, room, last;
};

#define QID_BYTES 13u

/* A file's number is its device's index in the table and the lower bits of its inode number. */
#define QID_INODE_BITS 52
#define QID_DEVICES_MAX (1u << (64 - QID_INODE_BITS))

/* errno: ENFILE when the export has more devices than the table holds. */
int qid_of(struct qid_table *table, const struct stat *info, struct qid *qid_out);

/* Computes the qid of a folder's entry from getdents' data: type is DT_*. */
int qid_of_entry(struct qid_table *table, dev_t device, uint64_t inode, uint8_t type, struct qid *qid_out);

void qid_put(struct wire_out *out, const struct qid *qid);

void qid_free(struct qid_table *table);

#endif
