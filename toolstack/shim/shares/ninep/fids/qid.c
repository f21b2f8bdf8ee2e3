// SPDX-License-Identifier: Apache-2.0
/*
 * Assigns the number that identifies a file to the guest. The guest's kernel treats two files with one qid.path as
 * the same inode, and an export may contain many devices. So the upper bits are an index into a table of devices.
 *
 * qid.version is always 0: Linux then reads and writes without a cache, and sees changes by others (docs/ninep.md).
 */
#include "shares/ninep/fids/qid.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { QT_DIR = 0x80, QT_SYMLINK = 0x02, QT_FILE = 0 };

static int device_add(struct qid_table *table, dev_t device, uint32_t high, uint32_t *index_out) {
  if (table->count == QID_DEVICES_MAX)
    return ENFILE;
  if (table->count == table->room) {
    uint32_t room = table->room > 0 ? table->room * 2 : 4;
    struct qid_device *devices = reallocarray(table->devices, room, sizeof *devices);

    if (devices == NULL)
      return ENOMEM;
    table->devices = devices;
    table->room = room;
  }
  table->devices[table->count] = (struct qid_device){device, high};
  *index_out = table->count++;
  return 0;
}

static int device_index(struct qid_table *table, dev_t device, uint32_t high, uint32_t *index_out) {
  for (uint32_t i = 0; i < table->count; i++) {
    /* start with the last device: it matches most often */
    uint32_t index = (table->last + i) % table->count;

    if (table->devices[index].device == device && table->devices[index].high == high) {
      *index_out = table->last = index;
      return 0;
    }
  }
  return device_add(table, device, high, index_out);
}

static int qid_path(struct qid_table *table, dev_t device, uint64_t inode, uint64_t *path_out) {
  uint32_t index;
  int error = device_index(table, device, (uint32_t)(inode >> QID_INODE_BITS), &index);

  if (error != 0)
    return error;
  *path_out = (uint64_t)index << QID_INODE_BITS | (inode & ((UINT64_C(1) << QID_INODE_BITS) - 1));
  return 0;
}

int qid_of(struct qid_table *table, const struct stat *info, struct qid *qid_out) {
  qid_out->type = S_ISDIR(info->st_mode) ? QT_DIR : S_ISLNK(info->st_mode) ? QT_SYMLINK : QT_FILE;
  return qid_path(table, info->st_dev, info->st_ino, &qid_out->path);
}

int qid_of_entry(struct qid_table *table, dev_t device, uint64_t inode, uint8_t type, struct qid *qid_out) {
  qid_out->type = type == DT_DIR ? QT_DIR : type == DT_LNK ? QT_SYMLINK : QT_FILE;
  return qid_path(table, device, inode, &qid_out->path);
}

void qid_put(struct wire_out *out, const struct qid *qid) {
  wire_put_u8(out, qid->type);
  wire_put_u32(out, 0);
  wire_put_u64(out, qid->path);
}

void qid_free(struct qid_table *table) {
  free(table->devices);
  *table = (struct qid_table){0};
}
