// SPDX-License-Identifier: Apache-2.0
/* What becomes of a fid's locks when it goes. */
#ifndef THAW_NINEP_LOCK_H
#define THAW_NINEP_LOCK_H

#include "server.h"

void lock_release(struct ninep *server, struct fid *fid);

#endif
