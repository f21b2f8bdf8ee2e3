// SPDX-License-Identifier: Apache-2.0
/*
 * Replaces the file server's loop by what a guest would do that has taken the server over. It has the server's
 * descriptors, rights and system calls, tries to reach dom0's files and processes, and writes a line for each attempt
 * into the file `report` of the first export: the attempt, and `reached` or the reason why not.
 *
 * THAW_PROBE_SECRET: path of a file of dom0 beside the exports. THAW_PROBE_PEER: pid of another process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shares/server/loop.h"
#include "shares/shares.h"

static int report, tree;

int shares_say(const char *text) {
  return send(SHARES_SOCKET, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void record(const char *attempt, const char *detail, bool reached) {
  char line[1024];
  int n = snprintf(line, sizeof line, "%s%s: %s\n", attempt, detail, reached ? "reached" : strerrorname_np(errno));

  if (write(report, line, (size_t)n) != n)
    _exit(1);
}

/* A magic link opens what it leads to; O_PATH would open the link's target unchecked, so contents are read as well. */
static void try_open(const char *path, int flags) {
  char byte;
  int fd = openat(AT_FDCWD, path, flags | O_CLOEXEC, 0600);
  bool reads = fd >= 0 && (flags & O_ACCMODE) == O_RDONLY && (flags & O_DIRECTORY) == 0;
  bool reached = fd >= 0 && (!reads || read(fd, &byte, 1) == 1);

  record(flags & O_CREAT ? "make " : flags & O_ACCMODE ? "write " : "read ", path, reached);
  if (fd >= 0)
    close(fd);
}

static void try_under(const char *before, const char *path, int flags) {
  char text[1024];

  snprintf(text, sizeof text, "%s%s", before, path);
  try_open(text, flags);
}

/* Counts the processes that a folder of proc lists, besides this one. */
static void try_list(const char *path) {
  char buffer[4096];
  int others = 0, fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  long n;

  while (fd >= 0 && (n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n;) {
      const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

      if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) && strcmp(entry->d_name, "1") != 0)
        others++;
      at += entry->d_reclen;
    }
  record("list processes in ", path, others > 0);
  if (fd >= 0)
    close(fd);
}

static void try_link(const char *path) {
  char text[512];

  record("look at ", path, readlinkat(AT_FDCWD, path, text, sizeof text) > 0);
}

/* Tries to change the node or file behind each descriptor, but not the tree and the report. */
static void try_descriptors(void) {
  for (int fd = 0; fd < 64; fd++) {
    char name[16], text[512];
    ssize_t n;

    snprintf(name, sizeof name, "%d", fd);
    n = readlinkat(AT_FDCWD, name, text, sizeof text - 1);
    if (n < 0 || fd == report || fd == tree || text[0] != '/' || n == 1)
      continue;
    text[n] = '\0';
    record("change the mode of ", text, fchmodat(AT_FDCWD, name, 0666, 0) == 0);
    record("change the owner of ", text, fchownat(AT_FDCWD, name, 7, 7, 0) == 0);
    record("change the time of ", text, utimensat(AT_FDCWD, name, NULL, 0) == 0);
    record("set an attribute of ", text, setxattr(name, "user.thaw", "x", 1, 0) == 0);
    record("cut ", text, ftruncate(fd, 0) == 0);
  }
}

/* Names the file behind each descriptor. */
static void list_descriptors(void) {
  for (int fd = 0; fd < 64; fd++) {
    char name[16], target[512], line[600];
    ssize_t n;
    int length;

    snprintf(name, sizeof name, "%d", fd);
    n = readlinkat(AT_FDCWD, name, target, sizeof target - 1);
    if (n < 0 || fd == report || fd == tree)
      continue;
    target[n] = '\0';
    length = snprintf(line, sizeof line, "descriptor %s\n", target);
    if (write(report, line, (size_t)length) != length)
      _exit(1);
  }
}

const char *shares_serve(struct rings *rings, struct ninep *server) {
  static const char *const ups[] = {
      "", "../../..", "../../../../../..", "../root", "../cwd/../../..", "../../1/root", "../../self/root"};
  const char *secret = getenv("THAW_PROBE_SECRET"), *peer = getenv("THAW_PROBE_PEER");
  char text[512];

  (void)rings;
  (void)server;
  tree = open("/0", O_PATH | O_DIRECTORY | O_CLOEXEC);
  report = openat(tree, "report", O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (report < 0 || secret == NULL || peer == NULL)
    return "The probe cannot begin";
  for (size_t i = 0; i < sizeof ups / sizeof *ups; i++) {
    try_under(ups[i], secret, O_RDONLY);
    try_under(ups[i], secret, O_WRONLY);
    try_under(ups[i], "/tmp/thaw-probe-made", O_WRONLY | O_CREAT);
    try_under(ups[i], "/proc/sys/kernel/hostname", O_RDONLY);
  }
  for (size_t i = 0; i < 2; i++) {
    snprintf(text, sizeof text, "../../%s", i == 0 ? peer : "2");
    try_under(text, "/root", O_RDONLY | O_DIRECTORY);
    try_under(text, "/environ", O_RDONLY);
    try_under(text, "/mem", O_RDWR);
    try_under(text, "/root/etc/passwd", O_RDONLY);
    strcat(text, "/exe");
    try_link(text);
  }
  try_open("../../sys/kernel/core_pattern", O_WRONLY);
  try_open("../../sys/kernel/core_pattern", O_RDONLY);
  try_open("../../sysrq-trigger", O_WRONLY);
  try_open("../../kcore", O_RDONLY);
  try_open("../../kallsyms", O_RDONLY);
  try_open("../mem", O_RDWR);
  try_open("../exe", O_RDONLY);
  try_list("../..");
  try_list("/proc");
  try_open("/0/out", O_RDONLY); /* a symbolic link to the secret */
  record("follow ", "../../1/root to link the secret",
         snprintf(text, sizeof text, "../../1/root%s", secret) > 0 &&
             linkat(AT_FDCWD, text, tree, "stolen", AT_SYMLINK_FOLLOW) == 0);
  record("make a device ", "c 1:1", mknodat(tree, "mem", S_IFCHR | 0600, makedev(1, 1)) == 0);
  record("make a device ", "b 7:0", mknodat(tree, "loop", S_IFBLK | 0600, makedev(7, 0)) == 0);
  try_descriptors();
  list_descriptors();
  return write(report, "end\n", 4) == 4 ? NULL : "The probe cannot end";
}
