/* SPDX-License-Identifier: Apache-2.0 */
/* Whole folders copied within the guest. */
#ifndef AGENT_COPY_H
#define AGENT_COPY_H

#include <stdbool.h>

/*
 * Copies all that a folder holds into another, with owners, modes, times and extended attributes; then the folder's
 * own. Hard links become files of their own, device nodes and sockets are left out. false: errno says why, and what was
 * copied stays.
 */
bool agent_copy_folder(int from, int to);

#endif
