// SPDX-License-Identifier: Apache-2.0
/*
 * Detects the end of a domain. xenstored reports any domain's end by @releaseDomain; the hypervisor then shows which
 * domain ended. The hypervisor keeps a dying domain while its pages are mapped, so this file checks the "dying" flag.
 * It tells a new domain under the old number apart by its handle (UUID).
 */
#include "monitor/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "monitor/watch.h"

struct domain {
  unsigned domid;
  const char *path;
  xc_interface *xc;
  struct watch watch;
  xen_domain_handle_t handle;
};

const char *domain_end(struct domain *domain) {
  xc_domaininfo_t info;

  if (xc_domain_getinfo_single(domain->xc, domain->domid, &info) != 0)
    return errno == ESRCH ? "domain destroyed" : NULL;
  if (memcmp(info.handle, domain->handle, sizeof domain->handle) != 0 || (info.flags & XEN_DOMINF_dying) != 0)
    return "domain destroyed";
  if ((info.flags & XEN_DOMINF_shutdown) == 0)
    return NULL;
  switch ((info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask) {
  case SHUTDOWN_suspend: /* a resume or save follows: the rings stay valid */
    return NULL;
  case SHUTDOWN_crash:
    return "domain crashed";
  default:
    return "domain shut down";
  }
}

int domain_fd(const struct domain *domain) {
  return domain->watch.fd;
}

void domain_woken(struct domain *domain) {
  watch_drain(&domain->watch);
}

void domain_channel_is_open(struct domain *domain) {
  if (domain != NULL && domain->watch.fd >= 0)
    watch_remove(&domain->watch, domain->path);
}

struct domain *domain_open(unsigned domid, const char *path) {
  struct domain *domain = calloc(1, sizeof *domain);
  xc_domaininfo_t info;
  int error;

  if (domain == NULL)
    return NULL;
  domain->domid = domid;
  domain->path = path;
  domain->watch.fd = -1;
  domain->xc = xc_interface_open(NULL, NULL, 0);
  if (domain->xc != NULL && watch_open(&domain->watch) == 0 && watch_add(&domain->watch, "@releaseDomain") == 0 &&
      watch_add(&domain->watch, path) == 0 && xc_domain_getinfo_single(domain->xc, domid, &info) == 0) {
    memcpy(domain->handle, info.handle, sizeof domain->handle);
    return domain;
  }
  error = errno;
  domain_close(domain);
  errno = error;
  return NULL;
}

void domain_close(struct domain *domain) {
  if (domain == NULL)
    return;
  watch_close(&domain->watch);
  if (domain->xc != NULL)
    xc_interface_close(domain->xc);
  free(domain);
}
