// SPDX-License-Identifier: Apache-2.0
/* Replaces a guest's rings for a server that answers no guest: test/support/shim/probe.c where there is no domain. */
#include "shares/server/rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct rings *rings_map(unsigned domid, const struct thaw_share *untrusted, bool resumes, char *text, size_t size) {
  static char rings;

  (void)domid;
  (void)untrusted;
  (void)resumes;
  /* stands for Xen's devices, which are opened here */
  if (open("/dev/zero", O_RDWR | O_CLOEXEC) >= 0)
    return (struct rings *)(void *)&rings;
  snprintf(text, size, "Cannot open /dev/zero: %s", strerror(errno));
  return NULL;
}
