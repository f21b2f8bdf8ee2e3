/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's xenstore nodes: store_xenbus.c in a guest, store_files.c with one file a node in tests. Paths are
 * relative to the domain's own, so a clone reads and writes its own nodes with the descriptor that it inherited.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <stdbool.h>
#include <stddef.h>

bool agent_store_is_real(void); /* xenstore: this is a guest, and the agent is its PID 1 */
bool agent_store_open(void);
bool agent_store_write(const char *path, const char *value);
bool agent_store_read(const char *path, char *value, size_t size); /* NUL-terminated; false: no such node */
bool agent_store_remove(const char *path);                         /* also true if there was none */

/*
 * Watches a node. The descriptor becomes readable when the node changes, once at the start, and in a clone after its
 * resume: the kernel's xenbus registers user space's watches again.
 */
bool agent_store_watch(const char *path);
int agent_store_fd(void);
void agent_store_drain(void); /* takes the events that made the descriptor readable */

/*
 * Tell whether the kernel has handled all xenstore events up to the call of ask, those of its drivers' watches
 * included. After a resume the kernel registers its watches again one by one, delays new watches of others meanwhile,
 * and handles events in order: the event of one more watch comes last. agent_store_ask_told() sets that watch and
 * blocks until the kernel's watches are registered. The descriptor becomes readable when the event comes.
 */
bool agent_store_ask_told(void);
bool agent_store_is_told(void);
void agent_store_end_told(void); /* removes that watch, if there is one */

#endif
