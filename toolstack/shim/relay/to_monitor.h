/* SPDX-License-Identifier: Apache-2.0 */
/* Sends the relay's messages and calls to its monitor. Both sockets block; without a monitor the process ends. */
#ifndef THAW_RELAY_TO_MONITOR_H
#define THAW_RELAY_TO_MONITOR_H

#include <stdint.h>

#include "link/message.h"

/* The relay's descriptors from its start on: the link and the socket for calls. */
#define RELAY_LINK 3
#define RELAY_CALLS 4

void tell_monitor(enum message_type type, uint32_t id, uint32_t arg, const void *payload, uint32_t length);

/* The calls return 0 or an errno. */

/* Passes the grant device to the monitor, which maps in it the grants that the relay asks for. */
int call_grants(int device);
/* The monitor opens the log of a process, or makes it FILE.1 and opens a new one. *size_out: its bytes. */
int call_log(uint32_t process, enum call_log how, int *fd_out, uint64_t *size_out);
/* Has the process's status file written; `lost` is the reason for a kind 0. */
int call_status(uint32_t process, const struct call_status *status, const char *lost);
/* Maps grants of the own domain. They lie at *offset_out of the grant device. */
int call_map(const uint32_t *refs, uint32_t count, uint64_t *offset_out);

#endif
