// SPDX-License-Identifier: Apache-2.0
/* Whether the shim's domain is still there. An abrupt destroy raises no event on the vchan. */
#ifndef THAW_SHIM_DOMAIN_H
#define THAW_SHIM_DOMAIN_H

struct domain;

/* Watches domain domid and, below path, its channel's publication. NULL with errno. */
struct domain *domain_open(unsigned domid, const char *path);
/* Readable when something may have happened; -1 when nobody tells any more: look every second then. */
int domain_fd(const struct domain *domain);
/* Takes the events that domain_fd reports. */
void domain_woken(struct domain *domain);
/* NULL, or what became of the domain. */
const char *domain_end(struct domain *domain);
/* The channel is open: its publication, which the guest can write at will, is of no more interest. NULL is nothing. */
void domain_channel_is_open(struct domain *domain);
void domain_close(struct domain *domain);

#endif
