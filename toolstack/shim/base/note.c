// SPDX-License-Identifier: Apache-2.0
/* Writes the shim's own log: without a stdio buffer, and without regard to a failing write. */
#include "base/note.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"error", "warn", "info", "debug"};
static enum note_level most = NOTE_INFO;
static const char *process_name;

int note_set_level(const char *name) {
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0) {
      most = (enum note_level)i;
      return 0;
    }
  }
  return -1;
}

enum note_level note_level(void) {
  return most;
}

void note_begin(enum note_level level, const char *name) {
  most = level;
  process_name = name;
}

void note(enum note_level level, const char *format, ...) {
  char line[600];
  int saved = errno;
  struct timespec now;
  struct tm utc;
  size_t at;
  va_list args;

  if (level > most)
    return;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  at = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
  at += (size_t)snprintf(line + at, sizeof line - at, ".%03ldZ %s thaw-shim", now.tv_nsec / 1000000, names[level]);
  if (process_name != NULL)
    at += (size_t)snprintf(line + at, sizeof line - at, " %s: ", process_name);
  else
    at += (size_t)snprintf(line + at, sizeof line - at, "[%d]: ", (int)getpid());
  errno = saved;
  va_start(args, format);
  int n = vsnprintf(line + at, sizeof line - at - 1, format, args);
  va_end(args);
  if (n < 0)
    n = 0;
  at += (size_t)n < sizeof line - at - 1 ? (size_t)n : sizeof line - at - 2;
  line[at++] = '\n';
  if (write(STDERR_FILENO, line, at) < 0)
    errno = saved;
  errno = saved;
}

int64_t clock_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
