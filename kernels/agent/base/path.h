/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below the agent's folders. */
#ifndef AGENT_PATH_H
#define AGENT_PATH_H

#include <stdbool.h>

#define AGENT_PATH_MAX 1024

/*
 * Formats a path as snprintf does. A path that does not fit ends the agent: names are bounded, so an option is wrong.
 */
void agent_path(char path[AGENT_PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* mkdir -p of an absolute path; false: errno says why. */
bool agent_path_make(const char *path);

/* rm -r; leaves other filesystems alone. */
void agent_path_remove(const char *path);

#endif
