// SPDX-License-Identifier: Apache-2.0
/* Writes messages for `xl console`, and ends the guest after a fatal error. */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

static int console = STDERR_FILENO;

void agent_log_open(void) {
  int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  if (fd >= 0)
    console = fd;
}

static void write_line(const char *format, va_list args) {
  char line[512] = "thaw-agent: ";
  size_t used = strlen(line);
  int length = vsnprintf(line + used, sizeof line - used - 1, format, args);

  if (length < 0)
    return;
  used = strlen(line);
  line[used++] = '\n';
  /* a full console must not stall PID 1: the rest of the line is lost */
  if (write(console, line, used) < 0)
    return;
}

void agent_log(const char *format, ...) {
  va_list args;

  va_start(args, format);
  write_line(format, args);
  va_end(args);
}

void agent_die(const char *format, ...) {
  va_list args;

  va_start(args, format);
  write_line(format, args);
  va_end(args);
  if (getpid() != 1 || console == STDERR_FILENO)
    exit(1);
  sync();
  reboot(RB_POWER_OFF);
  abort();
}
