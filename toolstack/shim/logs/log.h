// SPDX-License-Identifier: Apache-2.0
/* The log file of one process, in the k8s-file format that podman, CRI-O and kubelet read. */
#ifndef THAW_SHIM_LOG_H
#define THAW_SHIM_LOG_H

#include <stddef.h>
#include <stdint.h>

struct log;

/*
 * Opens path (which it then owns) for appending. NULL, with errno, when that can never work; a full or failing
 * disk is no such case: the log then tries again. At most max bytes, then it becomes path.1.
 */
struct log *log_open(char *path, uint64_t max);
/* stream: 1 stdout, 2 stderr. Never fails, never blocks longer than the disk does. */
void log_write(struct log *log, unsigned stream, const uint8_t *bytes, size_t n);
/* Ends a last line that had no line feed. */
void log_end(struct log *log, unsigned stream);
void log_close(struct log *log);

#endif
