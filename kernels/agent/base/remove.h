/* SPDX-License-Identifier: Apache-2.0 */
/* rm -r of one name, through no link. */
#ifndef AGENT_REMOVE_H
#define AGENT_REMOVE_H

#include <stdbool.h>

/* False: errno says why, and some of it may be gone. */
bool remove_tree(int folder, const char *name);

#endif
