/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the 9P server's loop after its setup. */
#ifndef SHIM_SHARES_LOOP_H
#define SHIM_SHARES_LOOP_H

#include "shares/ninep/ninep.h"
#include "shares/server/rings.h"

/* Sends a message to the shim. Returns -1 if the shim has ended. */
int shares_say(const char *text);

/* Serves until the shim ends and closes its side: returns NULL. Or returns the reason why it cannot continue. */
const char *shares_serve(struct rings *rings, struct ninep *server);

#endif
