/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows a container's stats in its cgroup of dom0, where engines read them. The stand-in mounts its own files over
 * the kernel's. When a process reads one, the stand-in asks the guest's agent through the shim.
 */
#ifndef THAW_LAUNCHER_STATS_H
#define THAW_LAUNCHER_STATS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "main/launcher.h"

#define STATS_FILES 5u

/* Mounts over the files beside that cgroup.procs. Skips missing files. In a dom0 without FUSE the files keep showing
 * dom0's own stats. */
void stats_begin(struct launcher *launcher, const char *procs);

/* Unmounts the files in the mount namespace of stats_begin(). */
void stats_end(const struct launcher *launcher);

/* Fills in STATS_FILES descriptors to poll. */
void stats_poll(const struct launcher *launcher, struct pollfd *fds);

/* Handles the poll's results. */
void stats_turn(struct launcher *launcher, const struct pollfd *fds);

/* Returns the milliseconds until the longest wait of a reader ends; -1: no reader waits. */
int stats_patience(const struct launcher *launcher);

/* Takes CGROUP_STATS from the shim. The payload comes unchecked from the guest. */
void stats_receive(struct launcher *launcher, const uint8_t *untrusted_payload, uint32_t length);

/* True if the text fits such a file: lines of a name and a number, or a number alone. Pure. */
bool stats_are_sound(const uint8_t *untrusted_text, uint32_t length, bool is_lines);

#endif
