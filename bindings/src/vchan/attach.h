/* SPDX-License-Identifier: Apache-2.0 */
/* A client's end of a vchan whose ring is known. C, for thaw-shim too. */
#ifndef THAW_VCHAN_ATTACH_H
#define THAW_VCHAN_ATTACH_H

#include <stdint.h>

/* Its header has no guard, so each file includes it itself. */
struct libxenvchan;

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Connects to the server that offers the page `ring_ref` of domain `domid`, with rings of 1 << order bytes each way
 * (order 12..20), and whose event channel `port` waits for this domain. As libxenvchan_client_init(), which has to look
 * the two up in xenstore. NULL: errno says why, EPROTO when the page is not that of such rings. End:
 * libxenvchan_close().
 */
struct libxenvchan *thaw_vchan_attach(unsigned domid, uint32_t ring_ref, uint32_t port, int order);

#ifdef __cplusplus
}
#endif

#endif
