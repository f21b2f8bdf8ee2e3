// SPDX-License-Identifier: Apache-2.0
/* Drops fids with everything that they hold in other parts of the server. */
#ifndef THAW_NINEP_DROP_H
#define THAW_NINEP_DROP_H

#include "shares/ninep/state.h"

/* Releases the fid's locks, then closes and frees the fid. Discards an attribute that was being written. */
void fid_drop(struct ninep *server, struct fid *fid);

void fid_drop_all(struct ninep *server);

#endif
