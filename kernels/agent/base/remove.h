/* SPDX-License-Identifier: Apache-2.0 */
/* rm -r of one name; follows no link. */
#ifndef AGENT_REMOVE_H
#define AGENT_REMOVE_H

#include <stdbool.h>

/* False: errno says why, and a part may be gone. */
bool remove_tree(int folder, const char *name);

#endif
