// SPDX-License-Identifier: Apache-2.0
/* Whether the shim's domain is still there. An abrupt destroy raises no event on the vchan. */
#ifndef THAW_SHIM_DOMAIN_H
#define THAW_SHIM_DOMAIN_H

struct domain;

/* Watches domain domid and, below path, its channel's publication. NULL with errno. */
struct domain *domain_open(unsigned domid, const char *path);
int domain_fd(struct domain *domain);
/* Takes the events that domain_fd reports and looks: NULL, or what became of the domain. */
const char *domain_check(struct domain *domain);
void domain_close(struct domain *domain);

#endif
