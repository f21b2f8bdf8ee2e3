// SPDX-License-Identifier: Apache-2.0
/* Resolves a guest's names to descriptors, and reopens descriptors for reading and writing (path.h). */
#include "shares/ninep/files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int path_name(struct wire_string untrusted_name, struct name *name_out) {
  const char *bytes = untrusted_name.bytes;
  size_t length = untrusted_name.length;

  if (length == 0)
    return ENOENT;
  if (memchr(bytes, '/', length) != NULL || memchr(bytes, '\0', length) != NULL)
    return EINVAL;
  if (bytes[0] == '.' && (length == 1 || (length == 2 && bytes[1] == '.')))
    return EINVAL;
  if (length > NINEP_NAME_MAX)
    return ENAMETOOLONG;
  memcpy(name_out->text, bytes, length);
  name_out->text[length] = '\0';
  return 0;
}

int path_parent(struct ninep *server, uint32_t number, struct wire_string untrusted_name, struct fid **folder_out,
                struct name *name_out) {
  *folder_out = fid_file(&server->fids, number);
  return *folder_out == NULL ? EBADF : path_name(untrusted_name, name_out);
}

static int open_path(int folder, const char *name, uint64_t resolve, int *path_out) {
  struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                         .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | resolve};
  long fd = syscall(SYS_openat2, folder, name, &how, sizeof how);

  if (fd < 0)
    return errno;
  *path_out = (int)fd;
  return 0;
}

int path_step(int folder, const struct name *name, int *path_out) {
  return open_path(folder, name->text, RESOLVE_BENEATH, path_out);
}

struct fd_name path_fd_name(int fd) {
  struct fd_name name;

  snprintf(name.text, sizeof name.text, "%d", fd);
  return name;
}

static ssize_t read_path(const struct ninep *server, int fd, char text[PATH_MAX]) {
  ssize_t n = readlinkat(server->fds_fd, path_fd_name(fd).text, text, PATH_MAX);

  if (n < PATH_MAX)
    return n;
  errno = ENAMETOOLONG;
  return -1;
}

int path_text(struct ninep *server, int path, char text_out[PATH_MAX]) {
  char root[PATH_MAX], text[PATH_MAX];
  ssize_t above = read_path(server, server->root_fd, root), n = above < 0 ? -1 : read_path(server, path, text);

  if (n < 0)
    return errno;
  if (above == 1)
    above = 0; /* "/" */
  text[n] = '\0';
  if (n < above || memcmp(text, root, (size_t)above) != 0)
    return EXDEV;
  if (n > above && text[above++] != '/')
    return EXDEV;
  strcpy(text_out, text[above] != '\0' ? text + above : ".");
  return 0;
}

int path_find(struct ninep *server, const char *untrusted_text, int *path_out) {
  return open_path(server->root_fd, untrusted_text, RESOLVE_BENEATH, path_out);
}

int path_reopen(struct ninep *server, int path, int flags, int *fd_out) {
  struct stat info;

  /* An O_PATH descriptor keeps its inode: the check here and the open below see the same file. */
  if (fstat(path, &info) != 0)
    return errno;
  if (S_ISLNK(info.st_mode))
    return ELOOP;
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
    return EACCES;
  int fd = openat(server->fds_fd, path_fd_name(path).text, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    return errno;
  *fd_out = fd;
  return 0;
}

int path_stat(struct ninep *server, int path, struct stat *info_out, struct qid *qid_out) {
  struct stat info;

  if (fstat(path, &info) != 0)
    return errno;
  if (info_out != NULL)
    *info_out = info;
  return qid_out == NULL ? 0 : qid_of(&server->qids, &info, qid_out);
}

int path_up(struct ninep *server, int folder, int *path_out) {
  struct stat info;

  if (fstat(folder, &info) != 0)
    return errno;
  if (!S_ISDIR(info.st_mode))
    return ENOTDIR;
  if (info.st_dev == server->root_dev && info.st_ino == server->root_ino) {
    int fd = fcntl(server->root_fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
      return errno;
    *path_out = fd;
    return 0;
  }
  return open_path(folder, "..", 0, path_out);
}
