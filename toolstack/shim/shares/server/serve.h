/* SPDX-License-Identifier: Apache-2.0 */
/* What the file server does once it has all that it needs. */
#ifndef SHIM_FILES_SERVE_H
#define SHIM_FILES_SERVE_H

#include "shares/ninep/ninep.h"
#include "shares/server/rings.h"

/* Tells the shim. -1: it has ended. */
int files_say(const char *text);

/* Until the shim ends, which closes its side: NULL. Or why it cannot go on. */
const char *files_serve(struct rings *rings, struct ninep *server);

#endif
