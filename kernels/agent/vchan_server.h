/* SPDX-License-Identifier: Apache-2.0 */
/* A vchan server for dom0, not published yet. */
#ifndef AGENT_VCHAN_SERVER_H
#define AGENT_VCHAN_SERVER_H

#include <libxenvchan.h>

/* Rings of 1 << order bytes in each direction, order 12..20. NULL: errno says why. End: libxenvchan_close(). */
struct libxenvchan *agent_vchan_server(int order, uint32_t *ring_ref_out);

#endif
