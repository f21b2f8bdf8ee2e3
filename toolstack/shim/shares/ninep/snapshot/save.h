/* SPDX-License-Identifier: Apache-2.0 */
/* How another server goes on where one stopped: what the guest has open, written down and taken up (docs/ninep.md). */
#ifndef THAW_NINEP_STASH_H
#define THAW_NINEP_STASH_H

#include "shares/ninep/ninep.h"

#include <fcntl.h>

/*
 * Writes all that the guest has open to `fd`, and changes nothing. Nothing may be answered between this and the end of
 * the server, or what is written is of the past. 0, or an errno with what is in the way in text.
 */
int ninep_stash(struct ninep *server, int fd, char *text, size_t size);

/*
 * Takes it up in a server that has answered nothing yet. Whoever wrote the bytes gets no more than a guest gets by its
 * requests. 0, or an errno with what is in the way in text; then the server is as it was.
 */
int ninep_unstash(struct ninep *server, int untrusted_fd, char *text, size_t size);

/*
 * What is written, little-endian: a head, then devices, fids and locked ranges, as many as it says.
 *
 *   head    magic[4] version[4] msize[4] devices[4] fids[4] ranges[4]
 *   device  high[4], the upper bits of its inode numbers
 *   fid     number[4] uid[4] device[4] mode[4] inode[8] flags[4] position[8] path[2], and the path's bytes
 *           mode 0, no path and not open: a name that the guest knows of a file that is gone
 *   range   fid[4] process[4] start[8] end[8] exclusive[1]
 */
#define STASH_MAGIC 0x53503954u /* "T9PS" */
#define STASH_VERSION 1u
enum { STASH_HEAD = 24, STASH_DEVICE = 4, STASH_FID = 38, STASH_RANGE = 25 };

/* What a fid's file is open with, or that it is not. */
#define STASH_FLAGS (O_ACCMODE | O_APPEND | O_DSYNC | O_SYNC | O_DIRECTORY | O_NOATIME)
#define STASH_CLOSED UINT32_MAX
/* The device of a fid that was gone before. */
#define STASH_NO_DEVICE UINT32_MAX

#endif
