// SPDX-License-Identifier: Apache-2.0
/*
 * Serves one folder over 9P on standard input and output: thaw-ninep-test FOLDER [MSIZE]. Only the server itself
 * confines it to the folder. With CONFINED it may make only the system calls of thaw-shim's file server; a number as
 * third word is a system call that it tries first. Exit status 0 when its input ends, 3 when the server ends the
 * connection.
 *
 * THAW_NINEP_RESTORE names the fid snapshot to restore first, THAW_NINEP_SAVE the path to save one when the input
 * ends. Exit status 4, with the reason on standard error, when that fails; 5 when there are then more descriptors
 * than before.
 */
#include "shares/ninep/ninep.h"
#include "shares/ninep/snapshot/snapshot.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef CONFINED
#include "shares/server/calls.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static bool confine(const char *number) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || confine_seccomp(&shares_calls) != 0)
    return false;
  if (number != NULL)
    syscall(strtol(number, NULL, 10), -1, 0, PROT_EXEC, 0, 0, 0);
  return true;
}
#else
static bool confine(const char *number) {
  return number == NULL;
}
#endif

static bool transfer(int fd, uint8_t *bytes, size_t n, bool is_read) {
  while (n > 0) {
    ssize_t done = is_read ? read(fd, bytes, n) : write(fd, bytes, n);

    if (done <= 0)
      return false;
    bytes += done;
    n -= (size_t)done;
  }
  return true;
}

static int serve(struct ninep *server, uint32_t msize, uint8_t *request, uint8_t *reply) {
  uint32_t size;

  while (transfer(STDIN_FILENO, request, sizeof size, true)) {
    memcpy(&size, request, sizeof size);
    if (size < sizeof size || size > msize)
      return 3;
    if (!transfer(STDIN_FILENO, request + sizeof size, size - sizeof size, true))
      return 0;
    /* of its own length, so that a sanitizer sees a read beyond it */
    uint8_t *exact = malloc(size);

    if (exact == NULL)
      return 1;
    memcpy(exact, request, size);
    ssize_t n = ninep_answer(server, exact, size, reply, msize);

    free(exact);
    if (n < 0)
      return 3;
    if (!transfer(STDOUT_FILENO, reply, (size_t)n, false))
      return 0;
  }
  return 0;
}

/* The first free number: a descriptor left open changes it. */
static int first_free(void) {
  int fd = fcntl(STDIN_FILENO, F_DUPFD, 0);

  close(fd);
  return fd;
}

/* Returns 0, or the exit status. */
static int restore(struct ninep *server) {
  const char *name = getenv("THAW_NINEP_RESTORE");
  int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC), before = first_free(), status = 0;
  char text[256];

  if (name == NULL)
    return 0;
  if (ninep_restore_fids(server, fd, text, sizeof text) != 0) {
    fprintf(stderr, "%s\n", text);
    status = first_free() == before ? 4 : 5;
  }
  close(fd);
  return status;
}

static int save(struct ninep *server) {
  const char *name = getenv("THAW_NINEP_SAVE");
  int fd = name == NULL ? -1 : open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), before = first_free();
  int status = 0;
  char text[256];

  if (name == NULL)
    return 0;
  if (ninep_save_fids(server, fd, text, sizeof text) != 0) {
    fprintf(stderr, "%s\n", text);
    status = 4;
  }
  if (first_free() != before)
    status = 5;
  close(fd);
  return status;
}

int main(int argc, char **argv) {
  uint32_t msize = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 65536;
  uint8_t *request = malloc(msize), *reply = malloc(msize);
  int root = -1, fds = -1, status = 1;
  struct ninep *server = NULL;
  struct rlimit files;

  if (argc < 2 || request == NULL || reply == NULL)
    goto out;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  server = root < 0 || fds < 0 ? NULL : ninep_new(root, fds, msize);
  if (server == NULL || !confine(argc > 3 ? argv[3] : NULL)) {
    perror(argv[1]);
    goto out;
  }
  status = restore(server);
  if (status == 0)
    status = serve(server, msize, request, reply);
  if (status == 0)
    status = save(server);
out:
  ninep_free(server);
  if (root >= 0)
    close(root);
  if (fds >= 0)
    close(fds);
  free(request);
  free(reply);
  return status;
}
