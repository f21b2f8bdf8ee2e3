/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines read in a cgroup of dom0 what a container uses. So that they find what its guest says, its stand-in is
 * mounted over those files, and asks the agent, by way of the shim, when somebody reads one.
 */
#ifndef THAW_LAUNCHER_FIGURES_H
#define THAW_LAUNCHER_FIGURES_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "main/launcher.h"

#define FIGURES_FILES 5u

/* Over files in the folder of that cgroup.procs. Those that are not there, or a dom0 without FUSE, go on to say what is
 * dom0's. */
void figures_begin(struct launcher *launcher, const char *procs);

/* Takes them away where they were put. */
void figures_end(const struct launcher *launcher);

/* Fills in what to wait for: FIGURES_FILES of it. */
void figures_poll(const struct launcher *launcher, struct pollfd *fds);

/* What came of it. */
void figures_turn(struct launcher *launcher, const struct pollfd *fds);

/* Milliseconds until a reader has waited long enough; -1: none waits. */
int figures_patience(const struct launcher *launcher);

/* FIGURES from the shim: as the guest sent it, which may be anything. */
void figures_take(struct launcher *launcher, const uint8_t *untrusted_payload, uint32_t length);

/* Whether it is what such a file says: lines of a name and a number, or a number alone. Pure. */
bool figures_are_sound(const uint8_t *untrusted_text, uint32_t length, bool is_lines);

#endif
