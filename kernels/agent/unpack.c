// SPDX-License-Identifier: Apache-2.0
/*
 * How does an archive become files? Entry by entry, each path looked up below the root by the kernel as it is at that
 * moment, no
 * ".." taken from the archive, no link followed by the last component of what is made. Folders get their times last.
 */
#define _GNU_SOURCE
#include "archive.h"
#include "inside.h"
#include "place.h"
#include "remove.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FOLDERS_MAX 100000u

/* A folder whose time is still to be set: whatever is put into it changes that. */
struct folder {
  struct folder *next;
  int64_t mtime;
  char path[];
};

struct unpacking {
  const struct archive *archive;
  struct tar_in in;
  struct tar_entry entry;
  char path[TAR_PATH_MAX]; /* of the entry, below the root */
  struct folder *folders;
  unsigned folders_count;
};

static bool fail(const struct unpacking *unpacking, const char *error) {
  return archive_complain("write", unpacking->path, error);
}

static void set_xattrs(struct tar_entry *entry, int fd) {
  uint8_t *next = entry->xattrs, *value;
  size_t left = entry->xattrs_length, length;
  char *name;

  while (left > 0 && tar_record_next(&next, &left, &name, &value, &length)) {
    name += sizeof TAR_XATTR_PREFIX - 1;
    /* none that means something to overlayfs or a security module; a file system without them goes without */
    if (strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
        strncmp(name, "system.posix_acl_", 17) == 0)
      fsetxattr(fd, name, value, length, 0);
  }
}

static void owner_of(const struct unpacking *unpacking, uid_t *uid, gid_t *gid) {
  bool is_given = unpacking->archive->options & THAW_ARCHIVE_OWNER;

  *uid = is_given ? unpacking->archive->uid : unpacking->entry.uid;
  *gid = is_given ? unpacking->archive->gid : unpacking->entry.gid;
}

/* In this order: a change of owner takes set-user-id bits and capabilities away. */
static bool set_attributes(struct unpacking *unpacking, int fd) {
  uid_t uid;
  gid_t gid;

  owner_of(unpacking, &uid, &gid);
  if (fchown(fd, uid, gid) != 0 || fchmod(fd, unpacking->entry.mode & 07777) != 0)
    return fail(unpacking, NULL);
  set_xattrs(&unpacking->entry, fd);
  return true;
}

static void set_time(int folder, const char *name, int64_t mtime) {
  const struct timespec times[2] = {{0, UTIME_NOW}, {mtime, 0}};

  utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Makes way for what is no folder. False: it has complained. */
static bool make_way(struct unpacking *unpacking, int folder, const char *name, bool *is_mounted_out) {
  struct stat status;

  *is_mounted_out = false;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || fail(unpacking, NULL);
  if (S_ISDIR(status.st_mode)) {
    if (!(unpacking->archive->options & THAW_ARCHIVE_OVERWRITE))
      return fail(unpacking, "a folder is there, and what is copied is none; see --overwrite");
    return remove_tree(folder, name) || fail(unpacking, NULL);
  }
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
    return true;
  /* a file that is mounted there, as /etc/hosts is, can only be written to */
  *is_mounted_out = errno == EBUSY;
  return *is_mounted_out || fail(unpacking, NULL);
}

static bool write_content(struct unpacking *unpacking, int fd) {
  static uint8_t piece[TAR_BUFFER];
  ssize_t got;

  while ((got = tar_in_read(&unpacking->in, piece, sizeof piece)) > 0) {
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(fd, piece + done, (size_t)(got - done));

      if (put < 0 && errno == EINTR)
        continue;
      if (put < 0)
        return fail(unpacking, NULL);
      done += put;
    }
  }
  return got == 0 || archive_complain("read", "the archive", "it ends in the middle of a file");
}

static bool make_file(struct unpacking *unpacking, int folder, const char *name) {
  bool is_mounted, ok;
  int fd;

  if (!make_way(unpacking, folder, name, &is_mounted))
    return false;
  fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (is_mounted ? O_TRUNC : O_CREAT | O_EXCL), 0600);
  if (fd < 0)
    return fail(unpacking, NULL);
  ok = write_content(unpacking, fd) && set_attributes(unpacking, fd);
  if (close(fd) != 0 && ok)
    ok = fail(unpacking, NULL);
  if (ok)
    set_time(folder, name, unpacking->entry.mtime);
  return ok;
}

static void remember(struct unpacking *unpacking) {
  size_t length = strlen(unpacking->path) + 1;
  struct folder *folder = unpacking->folders_count < FOLDERS_MAX ? malloc(sizeof *folder + length) : NULL;

  if (!folder)
    return;
  folder->next = unpacking->folders;
  folder->mtime = unpacking->entry.mtime;
  memcpy(folder->path, unpacking->path, length);
  unpacking->folders = folder;
  unpacking->folders_count++;
}

static void set_folder_times(struct unpacking *unpacking) {
  while (unpacking->folders) {
    struct folder *folder = unpacking->folders;
    char name[256];
    int above = inside_parent(unpacking->archive->root, folder->path, name);

    if (above >= 0) {
      set_time(above, name, folder->mtime);
      close(above);
    }
    unpacking->folders = folder->next;
    free(folder);
  }
}

static bool make_folder(struct unpacking *unpacking, int folder, const char *name) {
  struct stat status;
  bool ok;
  int fd;

  if (mkdirat(folder, name, 0700) != 0) {
    if (errno != EEXIST)
      return fail(unpacking, NULL);
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail(unpacking, NULL);
    if (!S_ISDIR(status.st_mode)) {
      if (!(unpacking->archive->options & THAW_ARCHIVE_OVERWRITE))
        return fail(unpacking, "something that is no folder is there; see --overwrite");
      if (unlinkat(folder, name, 0) != 0 || mkdirat(folder, name, 0700) != 0)
        return fail(unpacking, NULL);
    }
  }
  fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return fail(unpacking, NULL);
  ok = set_attributes(unpacking, fd);
  close(fd);
  remember(unpacking);
  return ok;
}

static bool make_symlink(struct unpacking *unpacking, int folder, const char *name) {
  bool is_mounted;
  uid_t uid;
  gid_t gid;

  if (!make_way(unpacking, folder, name, &is_mounted))
    return false;
  owner_of(unpacking, &uid, &gid);
  if (symlinkat(unpacking->entry.link, folder, name) != 0 || fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(unpacking, NULL);
  set_time(folder, name, unpacking->entry.mtime);
  return true;
}

/* To a file of the archive, under the name that this one has there. */
static bool make_link(struct unpacking *unpacking, const struct place *place, int folder, const char *name) {
  char target[TAR_PATH_MAX], target_name[256];
  bool is_mounted, ok;
  int from;

  if (!place_of(place, unpacking->entry.link, target))
    return fail(unpacking, "its link leads out of the archive");
  /* to itself: there is nothing to do, and making way would lose it */
  if (strcmp(target, unpacking->path) == 0)
    return true;
  if (!make_way(unpacking, folder, name, &is_mounted))
    return false;
  from = inside_parent(unpacking->archive->root, target, target_name);
  ok = from >= 0 && linkat(from, target_name, folder, name, 0) == 0;
  if (!ok)
    fail(unpacking, NULL);
  if (from >= 0)
    close(from);
  return ok;
}

static bool make_device(struct unpacking *unpacking, int folder, const char *name) {
  const struct tar_entry *entry = &unpacking->entry;
  mode_t kind = entry->type == TAR_CHAR ? S_IFCHR : entry->type == TAR_FIFO ? S_IFIFO : S_IFBLK;
  bool is_mounted;
  uid_t uid;
  gid_t gid;

  if (!make_way(unpacking, folder, name, &is_mounted))
    return false;
  owner_of(unpacking, &uid, &gid);
  if (mknodat(folder, name, kind | (entry->mode & 07777), makedev(entry->major, entry->minor)) != 0 ||
      fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(unpacking, NULL);
  set_time(folder, name, entry->mtime);
  return true;
}

static bool make(struct unpacking *unpacking, const struct place *place) {
  char name[256];
  int folder = inside_make_parent(unpacking->archive->root, unpacking->path, name);
  bool ok;

  if (folder < 0)
    return fail(unpacking, NULL);
  switch (unpacking->entry.type) {
  case TAR_FILE:
    ok = make_file(unpacking, folder, name);
    break;
  case TAR_FOLDER:
    ok = make_folder(unpacking, folder, name);
    break;
  case TAR_SYMLINK:
    ok = make_symlink(unpacking, folder, name);
    break;
  case TAR_LINK:
    ok = make_link(unpacking, place, folder, name);
    break;
  default:
    ok = make_device(unpacking, folder, name);
  }
  close(folder);
  return ok;
}

/* What place says goes into the root, the first entry included where it is not the folder that is there already. */
static bool run(const struct archive *archive, struct place *place) {
  struct unpacking *unpacking = calloc(1, sizeof *unpacking);
  enum tar_next next;
  const char *why;
  bool ok = true, is_first = true;

  if (!unpacking)
    return archive_complain("unpack", "the archive", NULL);
  unpacking->archive = archive;
  unpacking->in.fd = STDIN_FILENO;
  while (ok && (next = tar_in_next(&unpacking->in, &unpacking->entry, &why)) == TAR_NEXT_ENTRY) {
    if (is_first && place->is_put)
      ok = place_settle(place, archive, unpacking->entry.type == TAR_FOLDER);
    is_first = false;
    if (ok && !place_of(place, unpacking->entry.path, unpacking->path))
      ok = archive_complain("unpack", unpacking->entry.path, "its path leads out of the archive, or is too long");
    if (ok && !(unpacking->entry.type == TAR_FOLDER && place_is_there(place, unpacking->path)))
      ok = make(unpacking, place);
    free(unpacking->entry.xattrs);
    unpacking->entry.xattrs = NULL;
  }
  if (ok && next == TAR_NEXT_BAD)
    ok = archive_complain("read", "the archive", why);
  if (ok && is_first && place->is_put)
    ok = archive_complain("read", "the archive", "it is empty");
  set_folder_times(unpacking);
  if (ok)
    tar_in_drain(&unpacking->in);
  return ok;
}

bool archive_unpack(const struct archive *archive) {
  struct place place = {0};

  return place_settle(&place, archive, true) && run(archive, &place);
}

bool archive_put(const struct archive *archive) {
  struct place place = {.is_put = true};

  return run(archive, &place);
}
