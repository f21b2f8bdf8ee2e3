// SPDX-License-Identifier: Apache-2.0
/* Writes one lasting status file for each process. */
#include "monitor/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t n) {
  while (n > 0) {
    ssize_t done = write(fd, text, n);

    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return -1;
    text += done;
    n -= (size_t)done;
  }
  return 0;
}

int status_file_write(const char *path, const char *text) {
  char tmp[4096];
  int fd = -1, rc = -1;

  if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp) {
    errno = ENAMETOOLONG;
    goto out;
  }
  fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || write_all(fd, text, strlen(text)) != 0 || fsync(fd) != 0 || rename(tmp, path) != 0) {
    int error = errno;

    if (fd >= 0)
      unlink(tmp);
    errno = error;
    goto out;
  }
  rc = 0;
out:
  if (fd >= 0)
    close(fd);
  return rc;
}
