/* SPDX-License-Identifier: Apache-2.0 */
#ifndef THAW_MONITOR_STATUS_FILE_H
#define THAW_MONITOR_STATUS_FILE_H

/* Writes the file atomically: a reader sees no file or a whole one, even after a power cut. Returns -1 with errno. */
int status_file_write(const char *path, const char *text);

#endif
