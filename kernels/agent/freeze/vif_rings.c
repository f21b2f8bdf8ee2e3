// SPDX-License-Identifier: Apache-2.0
/* Reads the pages that the vif's front end shares, from an attribute of kernels/linux/patches/vif-kept.patch. */
#define _GNU_SOURCE
#include "freeze/vif_rings.h"

#include "base/options.h"
#include "base/path.h"

#include <fcntl.h>
#include <unistd.h>

size_t agent_vif_rings(struct thaw_ring_page *pages_out, size_t most) {
  char path[AGENT_PATH_MAX];
  size_t count = 0;
  ssize_t got;
  int fd;

  agent_path(path, "%s/vif-0/rings", agent_options.xenbus);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  /* an attribute of sysfs comes in one piece; one that fills the buffer may be longer */
  got = read(fd, pages_out, most * sizeof *pages_out);
  if (got > 0 && (size_t)got < most * sizeof *pages_out && (size_t)got % sizeof *pages_out == 0)
    count = (size_t)got / sizeof *pages_out;
  close(fd);
  return count;
}
