// SPDX-License-Identifier: Apache-2.0
/*
 * How do files become an archive? Folder by folder, each opened below the one before and never through a link. A file
 * that changes meanwhile is cut off or filled up at the size that its entry says.
 */
#define _GNU_SOURCE
#include "archive.h"
#include "inside.h"
#include "links.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct packing {
  struct tar_out out;
  struct tar_entry entry;
  struct links links;
  bool is_layer; /* whiteouts as images have them, in place of overlayfs's */
};

/* Below the whole it would be too long for every tar; nobody can open such a path by its name either. */
static bool enter(struct packing *packing, const char *name, size_t *length) {
  char *path = packing->entry.path;

  *length = strlen(path);
  if (*length + 1 + strlen(name) + 1 >= TAR_PATH_MAX)
    return archive_complain("pack", path, "a path in it is too long");
  if (*length > 0 && path[*length - 1] != '/')
    strcat(path, "/");
  strcat(path, name);
  return true;
}

static bool stream_lost(void) {
  return archive_complain("write", "the archive", NULL);
}

static bool is_kept(const char *name) {
  return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
         strncmp(name, "system.posix_acl_", 17) == 0;
}

/* What cannot be read is left out: many file systems have none. */
static void add_xattrs(struct tar_entry *entry, int fd) {
  static char names[65536], value[65536], key[300];
  ssize_t length = flistxattr(fd, names, sizeof names);

  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
    ssize_t got;

    if (!is_kept(name) || strlen(name) > 255)
      continue;
    got = fgetxattr(fd, name, value, sizeof value);
    if (got < 0)
      continue;
    strcpy(key, TAR_XATTR_PREFIX);
    strcat(key, name);
    tar_record_add(&entry->xattrs, &entry->xattrs_length, key, value, (size_t)got);
  }
}

static void describe(struct tar_entry *entry, enum tar_type type, const struct stat *status) {
  entry->type = type;
  entry->mode = status->st_mode & 07777;
  entry->uid = status->st_uid;
  entry->gid = status->st_gid;
  entry->mtime = status->st_mtime;
  entry->major = entry->minor = 0;
  entry->size = 0;
  entry->link[0] = '\0';
  free(entry->xattrs);
  entry->xattrs = NULL;
  entry->xattrs_length = 0;
}

static bool put(struct packing *packing) {
  return tar_out_entry(&packing->out, &packing->entry) || stream_lost();
}

/* An empty file that says something in an image's layer. */
static bool put_mark(struct packing *packing, const char *prefix, const char *name) {
  char mark[256 + 8];
  struct stat none = {.st_mode = 0644};
  size_t length;
  bool ok;

  strcpy(mark, prefix);
  strcat(mark, name);
  if (!enter(packing, mark, &length))
    return false;
  describe(&packing->entry, TAR_FILE, &none);
  ok = put(packing);
  packing->entry.path[length] = '\0';
  return ok;
}

static bool put_content(struct packing *packing, int fd, uint64_t size) {
  static uint8_t piece[TAR_BUFFER];
  uint64_t left = size;

  while (left > 0) {
    size_t wanted = left > sizeof piece ? sizeof piece : (size_t)left;
    ssize_t got = read(fd, piece, wanted);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return archive_complain("read", packing->entry.path, NULL);
    if (got == 0) {
      memset(piece, 0, wanted);
      got = (ssize_t)wanted;
    }
    if (!tar_out_bytes(&packing->out, piece, (size_t)got))
      return stream_lost();
    left -= (uint64_t)got;
  }
  return tar_out_pad(&packing->out, size) || stream_lost();
}

static bool put_file(struct packing *packing, int fd, const struct stat *status) {
  describe(&packing->entry, TAR_FILE, status);
  add_xattrs(&packing->entry, fd);
  packing->entry.size = (uint64_t)status->st_size;
  return put(packing) && put_content(packing, fd, packing->entry.size);
}

/* A second name of a file that the archive has already. */
static bool put_link(struct packing *packing, const struct stat *status, const char *first) {
  describe(&packing->entry, TAR_LINK, status);
  strcpy(packing->entry.link, first);
  return put(packing);
}

static bool put_symlink(struct packing *packing, int folder, const char *name, const struct stat *status) {
  ssize_t length;

  describe(&packing->entry, TAR_SYMLINK, status);
  length = readlinkat(folder, name, packing->entry.link, TAR_PATH_MAX - 1);
  if (length < 0)
    return errno == ENOENT || archive_complain("read the link", packing->entry.path, NULL);
  packing->entry.link[length] = '\0';
  return put(packing);
}

static bool put_device(struct packing *packing, const struct stat *status) {
  mode_t kind = status->st_mode & S_IFMT;

  describe(&packing->entry, kind == S_IFCHR ? TAR_CHAR : kind == S_IFBLK ? TAR_BLOCK_DEVICE : TAR_FIFO, status);
  if (kind != S_IFIFO) {
    packing->entry.major = major(status->st_rdev);
    packing->entry.minor = minor(status->st_rdev);
  }
  return put(packing);
}

static bool put_node(struct packing *packing, int folder, const char *name);

static bool put_children(struct packing *packing, int fd) {
  DIR *children = fdopendir(fd);
  struct dirent *child;
  bool ok = true;

  if (!children) {
    close(fd);
    return archive_complain("read the folder", packing->entry.path, NULL);
  }
  while (ok && (errno = 0, child = readdir(children))) {
    size_t length;

    if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0)
      continue;
    if (packing->is_layer && strncmp(child->d_name, ".wh.", 4) == 0)
      continue; /* a layer cannot have it: it would mean something else */
    ok = enter(packing, child->d_name, &length) && put_node(packing, dirfd(children), child->d_name);
    packing->entry.path[length] = '\0';
  }
  if (ok && errno != 0)
    ok = archive_complain("read the folder", packing->entry.path, NULL);
  closedir(children);
  return ok;
}

static bool put_folder(struct packing *packing, int fd, const struct stat *status) {
  size_t length = strlen(packing->entry.path);
  bool ok;

  describe(&packing->entry, TAR_FOLDER, status);
  add_xattrs(&packing->entry, fd);
  if (length + 2 > TAR_PATH_MAX) {
    close(fd);
    return archive_complain("pack", packing->entry.path, "a path in it is too long");
  }
  strcat(packing->entry.path, "/");
  ok = put(packing);
  packing->entry.path[length] = '\0';
  if (ok && packing->is_layer && archive_is_opaque(fd))
    ok = put_mark(packing, ".wh..wh..opq", "");
  if (ok)
    return put_children(packing, fd);
  close(fd);
  return false;
}

/* What is open already: a file or a folder. The descriptor is closed. */
static bool put_open(struct packing *packing, int fd, const struct stat *status) {
  const char *first = NULL;
  bool ok;

  if (S_ISDIR(status->st_mode))
    return put_folder(packing, fd, status);
  if (status->st_nlink > 1)
    first = links_first(&packing->links, status->st_dev, status->st_ino, packing->entry.path);
  ok = first ? put_link(packing, status, first) : put_file(packing, fd, status);
  close(fd);
  return ok;
}

/* The node of that name, as which the entry's path is set. One that has gone meanwhile is left out. */
static bool put_node(struct packing *packing, int folder, const char *name) {
  struct stat status;
  int fd;

  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || archive_complain("look at", packing->entry.path, NULL);
  if (packing->is_layer && archive_is_whiteout(status.st_mode, status.st_rdev)) {
    char *slash = strrchr(packing->entry.path, '/');
    bool ok;

    *slash = '\0';
    ok = put_mark(packing, ".wh.", name);
    *slash = '/';
    return ok;
  }
  if (S_ISLNK(status.st_mode))
    return put_symlink(packing, folder, name, &status);
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) || S_ISFIFO(status.st_mode))
    return put_device(packing, &status);
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    return true; /* a socket is nothing without who listens */
  fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT || errno == ELOOP || archive_complain("open", packing->entry.path, NULL);
  if (fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
    return put_open(packing, fd, &status);
  close(fd);
  return true;
}

static struct packing *new_packing(void) {
  struct packing *packing = calloc(1, sizeof *packing);

  if (packing)
    packing->out.fd = STDOUT_FILENO;
  else
    archive_complain("pack", "the files", NULL);
  return packing;
}

bool archive_pack(const struct archive *archive) {
  struct packing *packing = new_packing();
  char target[TAR_PATH_MAX], base[256];
  struct stat status;
  int folder, fd;

  if (!packing)
    return false;
  /* a link that was named means what it leads to, as for podman; those below are themselves */
  if (!inside_follow(archive->root, archive->path, target))
    return archive_complain("find", archive->path, NULL);
  fd = inside_open(archive->root, archive->path, O_PATH);
  if (fd < 0 || fstat(fd, &status) != 0)
    return archive_complain("find", archive->path, NULL);
  strcpy(packing->entry.path, archive->name);
  if (S_ISDIR(status.st_mode)) {
    folder = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder >= 0 ? put_open(packing, folder, &status) && (tar_out_finish(&packing->out) || stream_lost())
                       : archive_complain("open", archive->path, NULL);
  }
  folder = inside_parent(archive->root, target, base);
  if (folder < 0)
    return archive_complain("open", archive->path, NULL);
  return put_node(packing, folder, base) && (tar_out_finish(&packing->out) || stream_lost());
}

bool archive_pack_layer(const struct archive *archive) {
  struct packing *packing = new_packing();
  int upper = archive_open_upper(archive);

  if (upper < 0)
    archive_complain("open", "the writable layer", NULL);
  if (!packing || upper < 0)
    return false;
  packing->is_layer = true;
  strcpy(packing->entry.path, ".");
  return put_node(packing, upper, ".") && (tar_out_finish(&packing->out) || stream_lost());
}
