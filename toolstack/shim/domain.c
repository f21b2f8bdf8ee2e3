// SPDX-License-Identifier: Apache-2.0
/*
 * How the end of a domain is noticed: xenstored tells of any domain's end by @releaseDomain, the hypervisor
 * then says whose it was. A dying domain stays known to the hypervisor while somebody has its pages mapped, so
 * "dying" is asked for, and a new domain under the old number is told apart by its handle (UUID).
 */
#include "domain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenstore.h>

struct domain {
  unsigned domid;
  xc_interface *xc;
  /* One watch each: the static libxenstore has no reader thread and takes an event of the first watch, when it is
   * quicker than the reply to the second, for that reply. */
  struct xs_handle *ends, *channel;
  int epoll; /* both handles as one descriptor */
  xen_domain_handle_t handle;
};

const char *domain_check(struct domain *domain) {
  xc_domaininfo_t info;
  char **event;

  while ((event = xs_check_watch(domain->ends)) != NULL)
    free(event);
  while ((event = xs_check_watch(domain->channel)) != NULL)
    free(event);
  if (xc_domain_getinfo_single(domain->xc, domain->domid, &info) != 0)
    return errno == ESRCH ? "domain destroyed" : NULL;
  if (memcmp(info.handle, domain->handle, sizeof domain->handle) != 0 || (info.flags & XEN_DOMINF_dying) != 0)
    return "domain destroyed";
  if ((info.flags & XEN_DOMINF_shutdown) == 0)
    return NULL;
  switch ((info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask) {
  case SHUTDOWN_suspend: /* to be resumed or saved: its rings live on */
    return NULL;
  case SHUTDOWN_crash:
    return "domain crashed";
  default:
    return "domain shut down";
  }
}

int domain_fd(struct domain *domain) {
  return domain->epoll;
}

static struct xs_handle *watch_on(const struct domain *domain, const char *path) {
  struct xs_handle *xs = xs_open(0);
  struct epoll_event interest = {.events = EPOLLIN};

  if (xs == NULL)
    return NULL;
  if (xs_watch(xs, path, "shim") && epoll_ctl(domain->epoll, EPOLL_CTL_ADD, xs_fileno(xs), &interest) == 0)
    return xs;
  int error = errno;

  xs_close(xs);
  errno = error;
  return NULL;
}

struct domain *domain_open(unsigned domid, const char *path) {
  struct domain *domain = calloc(1, sizeof *domain);
  xc_domaininfo_t info;
  bool ok = false;

  if (domain == NULL)
    goto out;
  domain->domid = domid;
  domain->epoll = epoll_create1(EPOLL_CLOEXEC);
  domain->xc = xc_interface_open(NULL, NULL, 0);
  if (domain->epoll < 0 || domain->xc == NULL)
    goto out;
  domain->ends = watch_on(domain, "@releaseDomain");
  domain->channel = watch_on(domain, path);
  if (domain->ends == NULL || domain->channel == NULL)
    goto out;
  if (xc_domain_getinfo_single(domain->xc, domid, &info) != 0)
    goto out;
  memcpy(domain->handle, info.handle, sizeof domain->handle);
  ok = true;
out:
  if (ok)
    return domain;
  int error = errno;

  domain_close(domain);
  errno = error;
  return NULL;
}

void domain_close(struct domain *domain) {
  if (domain == NULL)
    return;
  if (domain->ends != NULL)
    xs_close(domain->ends);
  if (domain->channel != NULL)
    xs_close(domain->channel);
  if (domain->epoll >= 0)
    close(domain->epoll);
  if (domain->xc != NULL)
    xc_interface_close(domain->xc);
  free(domain);
}
