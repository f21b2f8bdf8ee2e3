// SPDX-License-Identifier: Apache-2.0
/* Checks whether the shim's domain still exists. An abrupt destroy raises no event on the vchan. */
#ifndef THAW_SHIM_DOMAIN_H
#define THAW_SHIM_DOMAIN_H

struct domain;

/* Watches domain domid and, below path, its channel's publication. Returns NULL with errno on failure. */
struct domain *domain_open(unsigned domid, const char *path);
/* Returns a descriptor, readable when the domain may have changed, or -1 without a watch: check each second then. */
int domain_fd(const struct domain *domain);
/* Takes the events that domain_fd reports. */
void domain_woken(struct domain *domain);
/* Returns NULL, or a text that says how the domain ended. */
const char *domain_end(struct domain *domain);
/* Call once the channel is open: stops watching its publication, which the guest can write at will. NULL is fine. */
void domain_channel_is_open(struct domain *domain);
void domain_close(struct domain *domain);

#endif
