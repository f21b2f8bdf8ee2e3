/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's few xenstore nodes. store_xenbus.c in a guest; store_files.c, one file per node in a
 * directory, in tests. Paths are relative to the domain's own, so a clone reads and writes its own
 * nodes with the descriptor it inherited.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <stdbool.h>
#include <stddef.h>

bool agent_store_is_real(void); /* xenstore: this is a guest, and the agent its PID 1 */
bool agent_store_open(void);
bool agent_store_write(const char *path, const char *value);
bool agent_store_read(const char *path, char *value, size_t size); /* NUL-terminated; false: no such node */
bool agent_store_remove(const char *path);                         /* true as well when there was none */

/*
 * From now on the descriptor becomes readable when the node changes, once at the start, and in a
 * clone after its resume: the kernel's xenbus registers user space's watches again.
 */
bool agent_store_watch(const char *path);
int agent_store_fd(void);
void agent_store_drain(void); /* takes the events that made the descriptor readable */

/*
 * Has this kernel heard all that xenstore had to tell it when it was asked, its drivers' watches included? After a
 * resume it sets them again one by one, and nobody else's meanwhile, and handles events in order: that of one more
 * watch comes last. To ask waits until they are set; the descriptor becomes readable when it is told.
 */
bool agent_store_ask_told(void);
bool agent_store_is_told(void);
void agent_store_end_told(void); /* gives that watch up, if there is one */

#endif
