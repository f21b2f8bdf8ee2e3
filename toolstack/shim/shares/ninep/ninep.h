// SPDX-License-Identifier: Apache-2.0
/*
 * A 9P2000.L file server for one hostile guest (docs/ninep.md): turns the bytes of a request into the bytes of its
 * reply. The caller transports both. One thread; the server waits for nothing but the disk.
 */
#ifndef THAW_NINEP_H
#define THAW_NINEP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ninep;
struct ninep_budget_page;

/*
 * root_fd: O_PATH | O_DIRECTORY descriptor of the export's root, which should also be the calling process's "/", so
 * that no name leads outside. fds_fd: descriptor of /proc/self/fd. The caller keeps both, open until ninep_free.
 * msize_max: bytes of the largest message, at least NINEP_MSIZE_MIN.
 *
 * Changes the process: umask 0, fds_fd as working directory, and as root SECBIT_NO_SETUID_FIXUP. The latter needs
 * CAP_SETPCAP unless the caller has set it. Returns NULL with errno on failure.
 */
struct ninep *ninep_new(int root_fd, int fds_fd, uint32_t msize_max);

#define NINEP_MSIZE_MIN 4096u

/*
 * Answers one whole request: size[4] type[1] tag[2] and its fields, `n` bytes, which must not change meanwhile.
 * Writes the reply, at most the agreed msize, into `reply`, which has `room` bytes, at least msize_max. Returns its
 * length, or -1 when the request is no message at all: then the connection must end. Every message gets at least an
 * Rlerror.
 */
ssize_t ninep_answer(struct ninep *server, const uint8_t *untrusted_request, size_t n, uint8_t *reply, size_t room);

/*
 * Makes the server share a budget, before it answers anything. The first page has the number of pages behind it, of
 * which each has the number of one server's descriptors (fids/budget.h). `own` is this server's page, the only one that
 * it writes.
 */
void ninep_share_budget(struct ninep *server, const struct ninep_budget_page *pages, struct ninep_budget_page *own);

/* Closes the guest's open files and releases its locks; NULL is fine. */
void ninep_free(struct ninep *server);

#endif
