/* SPDX-License-Identifier: Apache-2.0 */
/* Whole folders copied within the guest. */
#ifndef AGENT_COPY_FOLDER_H
#define AGENT_COPY_FOLDER_H

#include <stdbool.h>

/*
 * Copies the content of a folder into another, with owners, modes, times and extended attributes, then the folder's
 * own attributes. Hard links become separate files; device nodes and sockets are left out. False: errno says why, and
 * the files copied so far stay.
 */
bool agent_copy_folder(int from, int to);

#endif
