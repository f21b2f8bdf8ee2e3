/* SPDX-License-Identifier: Apache-2.0 */
/* Saves and restores a guest's open files, so that another server can continue for a stopped one (docs/ninep.md). */
#ifndef THAW_NINEP_SNAPSHOT_H
#define THAW_NINEP_SNAPSHOT_H

#include "shares/ninep/ninep.h"

#include <fcntl.h>

/*
 * Writes the guest's open files to `fd` and changes nothing. An answer between this call and the end of the server
 * makes the snapshot stale. Returns 0, or an errno with the error message in text.
 */
int ninep_save_fids(struct ninep *server, int fd, char *text, size_t size);

/*
 * Restores the snapshot in a server that has not answered any request. The writer of the bytes gains no more than a
 * guest by its requests. Returns 0, or an errno with the error message in text; the server is then unchanged.
 */
int ninep_restore_fids(struct ninep *server, int untrusted_fd, char *text, size_t size);

/*
 * The snapshot's format, little-endian: a head, then devices, fids and locked ranges, with their counts in the head.
 *
 *   head    magic[4] version[4] msize[4] devices[4] fids[4] ranges[4]
 *   device  high[4], the upper bits of its inode numbers
 *   fid     number[4] uid[4] device[4] mode[4] inode[8] flags[4] position[8] path[2], and the path's bytes
 *           mode 0, no path and not open: the guest knows the name of a file that is gone
 *   range   fid[4] process[4] start[8] end[8] exclusive[1]
 */
#define SNAPSHOT_MAGIC 0x53503954u /* "T9PS" */
#define SNAPSHOT_VERSION 1u
enum { SNAPSHOT_HEAD = 24, SNAPSHOT_DEVICE = 4, SNAPSHOT_FID = 38, SNAPSHOT_RANGE = 25 };

/* The open flags of a fid's file; SNAPSHOT_CLOSED: not open. */
#define SNAPSHOT_FLAGS (O_ACCMODE | O_APPEND | O_DSYNC | O_SYNC | O_DIRECTORY | O_NOATIME)
#define SNAPSHOT_CLOSED UINT32_MAX
/* The device of a fid whose file was gone before. */
#define SNAPSHOT_NO_DEVICE UINT32_MAX

#endif
