// SPDX-License-Identifier: Apache-2.0
/* Writes and removes the bundles that crun reads. */
#define _GNU_SOURCE
#include "container/bundle.h"

#include "base/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void agent_bundle_path(char path[AGENT_PATH_MAX], const char *folder, const char *name) {
  agent_path(path, "%s/containers/%s%s%s", agent_options.run, folder, name ? "/" : "", name ? name : "");
}

/* flags of open(2) for a file that must be new, and for one that must exist */
#define NEW_FILE (O_CREAT | O_EXCL)
#define OLD_FILE O_TRUNC

static bool write_file(int directory, const char *name, const uint8_t *bytes, uint32_t length, int how) {
  int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | how, 0644);
  uint32_t done = 0;

  if (fd < 0)
    return false;
  while (done < length) {
    ssize_t put = write(fd, bytes + done, length - done);

    if (put < 0 && errno != EINTR)
      break;
    if (put > 0)
      done += (uint32_t)put;
  }
  /* set the mode explicitly: the umask must not restrict files that a container reads */
  if (fchmod(fd, 0644) != 0)
    done = 0;
  close(fd);
  return done == length;
}

static bool write_pair(int directory, struct agent_fields *files, int how) {
  char name[256];
  struct agent_field field, content;

  if (!agent_fields_next(files, &field) || !agent_fields_next(files, &content) || field.length == 0 ||
      field.length >= sizeof name || memchr(field.bytes, '/', field.length) ||
      memchr(field.bytes, '\0', field.length)) {
    errno = EINVAL;
    return false;
  }
  memcpy(name, field.bytes, field.length);
  name[field.length] = '\0';
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    errno = EINVAL;
    return false;
  }
  return write_file(directory, name, content.bytes, content.length, how);
}

bool agent_bundle_write(const char *container, const struct agent_field *config, struct agent_fields *files,
                        uint32_t count) {
  char path[AGENT_PATH_MAX];
  int bundle = -1, directory = -1, saved;
  bool ok = false;

  agent_bundle_path(path, container, "files");
  if (!agent_path_make(path))
    goto out;
  directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  agent_bundle_path(path, container, NULL);
  bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (bundle < 0 || directory < 0 || !write_file(bundle, "config.json", config->bytes, config->length, NEW_FILE))
    goto out;
  for (uint32_t i = 0; i < count; i++)
    if (!write_pair(directory, files, NEW_FILE))
      goto out;
  ok = agent_fields_at_end(files);
  if (!ok)
    errno = EINVAL;
out:
  saved = errno;
  if (bundle >= 0)
    close(bundle);
  if (directory >= 0)
    close(directory);
  if (!ok)
    agent_bundle_remove(container);
  errno = saved;
  return ok;
}

bool agent_bundle_refresh(const char *container, struct agent_fields *files, uint32_t count) {
  char path[AGENT_PATH_MAX];
  int directory, saved;
  bool ok = true;

  agent_bundle_path(path, container, "files");
  directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return false;
  while (ok && count-- > 0)
    ok = write_pair(directory, files, OLD_FILE);
  saved = errno;
  close(directory);
  errno = saved;
  if (ok && !agent_fields_at_end(files)) {
    errno = EINVAL;
    ok = false;
  }
  return ok;
}

bool agent_bundle_write_process(const char *folder, const struct agent_field *process) {
  char path[AGENT_PATH_MAX];
  int directory, saved;
  bool ok;

  agent_bundle_path(path, folder, NULL);
  if (mkdir(path, 0700) != 0)
    return false;
  directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ok = directory >= 0 && write_file(directory, "process.json", process->bytes, process->length, NEW_FILE);
  saved = errno;
  if (directory >= 0)
    close(directory);
  if (!ok)
    agent_bundle_remove(folder);
  errno = saved;
  return ok;
}

void agent_bundle_remove(const char *folder) {
  char path[AGENT_PATH_MAX];

  agent_bundle_path(path, folder, NULL);
  agent_path_remove(path);
}

pid_t agent_bundle_pid(const char *folder) {
  char path[AGENT_PATH_MAX], text[32] = "";
  int fd;

  agent_bundle_path(path, folder, "pid");
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  if (read(fd, text, sizeof text - 1) < 0)
    text[0] = '\0';
  close(fd);
  return atoi(text);
}
