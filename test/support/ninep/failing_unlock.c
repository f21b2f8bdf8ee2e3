// SPDX-License-Identifier: Apache-2.0
/* Makes the host fail the first unlocks of a server, as many as THAW_NINEP_FAILING_UNLOCKS says: a network file system
 * may. Linked with --wrap=fcntl. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

int __wrap_fcntl(int fd, int command, ...) {
  static int left = -1;
  const char *wanted = getenv("THAW_NINEP_FAILING_UNLOCKS");
  va_list arguments;
  void *argument;

  va_start(arguments, command);
  argument = va_arg(arguments, void *);
  va_end(arguments);
  if (left < 0)
    left = wanted == NULL ? 0 : atoi(wanted);
  if (command == F_OFD_SETLK && left > 0 && ((const struct flock *)argument)->l_type == F_UNLCK) {
    left--;
    errno = EIO;
    return -1;
  }
  return __real_fcntl(fd, command, argument);
}
