/* SPDX-License-Identifier: Apache-2.0 */
/* Attaches a client to a vchan whose ring is known. In C, because thaw-shim uses it too. */
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
 * (order 12..20). The server's event channel `port` waits for this domain. Equivalent to libxenvchan_client_init(),
 * which has to look the two up in xenstore. Returns NULL with errno set: EPROTO when the page is not that of such
 * rings. End it with libxenvchan_close().
 */
struct libxenvchan *thaw_vchan_attach(unsigned domid, uint32_t ring_ref, uint32_t port, int order);

#ifdef __cplusplus
}
#endif

#endif
