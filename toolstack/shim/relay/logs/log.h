// SPDX-License-Identifier: Apache-2.0
/* Writes one process's log file in the k8s-file format, which podman, CRI-O and kubelet read. */
#ifndef THAW_SHIM_LOG_H
#define THAW_SHIM_LOG_H

#include <stddef.h>
#include <stdint.h>

/* sizes in bytes at which a log file is rotated */
#define LOG_MAX_DEFAULT (16u << 20)
#define LOG_MAX_LEAST 131072u /* a record takes at most 64 KiB and its head */

struct log;

/*
 * Opens the log of a process for appending. Returns NULL with errno if that can never work. On a full or failing disk
 * it returns a log that tries again. After at most max bytes, the file becomes FILE.1.
 */
struct log *log_open(uint32_t process, uint64_t max);
/* stream: 1 stdout, 2 stderr. Never fails, never blocks longer than the disk does. */
void log_write(struct log *log, unsigned stream, const uint8_t *bytes, size_t n);
/* Completes the record of a last line without a line feed. */
void log_end(struct log *log, unsigned stream);
void log_close(struct log *log);

#endif
