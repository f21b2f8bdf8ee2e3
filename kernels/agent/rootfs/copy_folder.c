// SPDX-License-Identifier: Apache-2.0
/* Copies a folder and everything in it. */
#define _GNU_SOURCE
#include "rootfs/copy_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 256
#define PIECE 65536
#define ATTRIBUTES_MAX 65536

/* Ignores attributes that the target's filesystem does not take. */
static void copy_attributes(int from, int to) {
  char *names = malloc(ATTRIBUTES_MAX), *value = malloc(ATTRIBUTES_MAX);
  ssize_t length = names && value ? flistxattr(from, names, ATTRIBUTES_MAX) : -1;

  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
    ssize_t n = fgetxattr(from, name, value, ATTRIBUTES_MAX);

    if (n >= 0)
      (void)fsetxattr(to, name, value, (size_t)n, 0);
  }
  free(names);
  free(value);
}

/* Sets the owner first: a change of the owner removes the set-user-ID bit. */
static bool copy_status(int from, int to, const struct stat *status) {
  const struct timespec times[2] = {status->st_atim, status->st_mtim};

  copy_attributes(from, to);
  return fchown(to, status->st_uid, status->st_gid) == 0 && fchmod(to, status->st_mode & 07777) == 0 &&
         futimens(to, times) == 0;
}

static bool copy_bytes(int from, int to) {
  char *bytes = malloc(PIECE);
  ssize_t n = -1;

  while (bytes && (n = read(from, bytes, PIECE)) > 0) {
    for (ssize_t at = 0, written; at < n; at += written) {
      written = write(to, bytes + at, (size_t)(n - at));
      if (written < 0) {
        free(bytes);
        return false;
      }
    }
  }
  free(bytes);
  return n == 0;
}

static bool copy_file(int folder, const char *name, const struct stat *status, int target) {
  int from = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), saved;
  int to = from < 0 ? -1 : openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = to >= 0 && copy_bytes(from, to) && copy_status(from, to, status);

  saved = errno;
  if (from >= 0)
    close(from);
  if (to >= 0 && close(to) != 0 && ok) {
    saved = errno;
    ok = false;
  }
  errno = saved;
  return ok;
}

static bool copy_link(int folder, const char *name, const struct stat *status, int target) {
  const struct timespec times[2] = {status->st_atim, status->st_mtim};
  char text[PATH_MAX];
  ssize_t n = readlinkat(folder, name, text, sizeof text - 1);

  if (n < 0)
    return false;
  text[n] = '\0';
  return symlinkat(text, target, name) == 0 &&
         fchownat(target, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) == 0 &&
         utimensat(target, name, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool copy_entries(int from, int to, int depth);

static bool copy_subfolder(int folder, const char *name, int target, int depth) {
  int from = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to = -1, saved;
  bool ok = from >= 0 && mkdirat(target, name, 0700) == 0;

  if (ok) {
    to = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    ok = to >= 0 && copy_entries(from, to, depth);
  }
  saved = errno;
  if (from >= 0)
    close(from);
  if (to >= 0)
    close(to);
  errno = saved;
  return ok;
}

static bool copy_entry(int from, const char *name, int to, int depth) {
  struct stat status;

  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return false;
  switch (status.st_mode & S_IFMT) {
  case S_IFREG:
    return copy_file(from, name, &status, to);
  case S_IFLNK:
    return copy_link(from, name, &status, to);
  case S_IFDIR:
    return copy_subfolder(from, name, to, depth + 1);
  default:
    return true;
  }
}

/*
 * Copies the entries first and the folder's own attributes last, because each new entry changes the folder's times.
 */
static bool copy_entries(int from, int to, int depth) {
  int own = depth < DEPTH_MAX ? openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  DIR *entries = own < 0 ? NULL : fdopendir(own);
  struct dirent *entry;
  struct stat status;
  bool ok = entries != NULL;

  if (depth >= DEPTH_MAX)
    errno = ENAMETOOLONG;
  if (!entries && own >= 0)
    close(own);
  while (ok && (entry = readdir(entries)))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      ok = copy_entry(from, entry->d_name, to, depth);
  if (entries)
    closedir(entries);
  return ok && fstat(from, &status) == 0 && copy_status(from, to, &status);
}

bool agent_copy_folder(int from, int to) {
  return copy_entries(from, to, 0);
}
