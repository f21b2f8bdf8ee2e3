// SPDX-License-Identifier: Apache-2.0
/* Keeps the nodes in files for tests without xenstore: data/thaw/state is the file `state`. */
#define _GNU_SOURCE
#include "base/options.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int inotify = -1;

static bool file_of(char file[4096], const char *path, const char *suffix) {
  const char *base = strrchr(path, '/');
  int length = snprintf(file, 4096, "%s/%s%s", agent_options.store, base ? base + 1 : path, suffix);

  return length > 0 && length < 4096;
}

bool agent_store_is_real(void) {
  return false;
}

bool agent_store_open(void) {
  inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  return inotify >= 0;
}

bool agent_store_write(const char *path, const char *value) {
  char file[4096], fresh[4096];
  bool ok = false;
  int fd;

  if (!file_of(file, path, "") || !file_of(fresh, path, ".new"))
    return false;
  fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  ok = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
  close(fd);
  return ok && rename(fresh, file) == 0;
}

bool agent_store_read(const char *path, char *value, size_t size) {
  char file[4096];
  ssize_t length;
  int fd = file_of(file, path, "") ? open(file, O_RDONLY | O_CLOEXEC) : -1;

  if (fd < 0)
    return false;
  length = read(fd, value, size - 1);
  close(fd);
  if (length < 0)
    return false;
  value[length] = '\0';
  return true;
}

bool agent_store_remove(const char *path) {
  char file[4096];

  return file_of(file, path, "") && (unlink(file) == 0 || errno == ENOENT);
}

bool agent_store_watch(const char *path) {
  (void)path;
  return inotify_add_watch(inotify, agent_options.store, IN_CLOSE_WRITE | IN_MOVED_TO) >= 0;
}

int agent_store_fd(void) {
  return inotify;
}

void agent_store_drain(void) {
  char events[4096];

  while (read(inotify, events, sizeof events) > 0)
    ;
}

/* Files have no kernel watches. */
bool agent_store_ask_told(void) {
  return true;
}

bool agent_store_is_told(void) {
  return true;
}

void agent_store_end_told(void) {
}
