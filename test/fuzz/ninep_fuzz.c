// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: no sequence of a guest's messages breaks the file server, makes it send an invalid reply,
 * or lets it reach a file outside its export, such as the secret beside it.
 *
 * The input is a list of messages, each of a type, a length and its bytes. Without bit 0 of the first byte, the
 * target adjusts their numbers, so that they are fids, names and flags more often than by chance: the server gets to
 * deep states. With bit 1 a length and that many bytes come first, a fid snapshot of another server, which the server
 * restores. With bit 2 the server ends with a snapshot, and a new server restores it.
 */
#include "shares/ninep/ninep.h"
#include "shares/ninep/snapshot/snapshot.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MSIZE = 8192, MESSAGES_MAX = 200 };

static char scratch[256];
static char export_path[sizeof scratch + 8];
static int root_fd, fds_fd;
static struct stat secret_at_first;

/*
 * The messages and the kinds of their fields: f fid, n name, x name of an attribute, t target, v version,
 * o offset, d data, w names; 1 4 8 numbers of so many bytes, s small one of 4, m bits of Tsetattr, r flags of
 * Tunlinkat.
 */
static const struct {
  uint8_t type;
  const char *fields;
} shapes[] = {
    {8, "f"},       {12, "f4"},         {14, "fn444"}, {16, "fnt4"}, {18, "fn4ss4"}, {20, "ffn"}, {22, "f"},
    {24, "f8"},     {26, "fm444o8888"}, {30, "ffx"},   {32, "fxos"}, {40, "fo4"},    {50, "fs"},  {52, "f1soo4n"},
    {54, "f1oosn"}, {70, "ffn"},        {72, "fn44"},  {74, "fnfn"}, {76, "fnr"},    {100, "4v"}, {104, "fhtts"},
    {108, "s"},     {110, "ffw"},       {116, "fo4"},  {118, "fod"}, {120, "f"},     {122, "f"},
};

static const char *const names[] = {"file", "folder",    "deep",   "link",    "up", "fifo", "device", "socket",  "..",
                                    ".",    "../secret", "secret", "outside", "",   "new",  "new2",   "folder/x"};
static const char *const attributes[] = {"user.x", "", "system.posix_acl_access", "security.capability", "trusted.x"};

struct input {
  const uint8_t *at;
  size_t left;
};

static uint64_t take(struct input *input, size_t n) {
  uint64_t value = 0;

  for (size_t i = 0; i < n && input->left > 0; i++, input->left--)
    value |= (uint64_t)*input->at++ << 8 * i;
  return value;
}

struct request {
  uint8_t bytes[MSIZE];
  size_t length;
};

static void put(struct request *request, uint64_t value, size_t n) {
  for (size_t i = 0; i < n && request->length < MSIZE; i++)
    request->bytes[request->length++] = (uint8_t)(value >> 8 * i);
}

static void put_text(struct request *request, const char *text) {
  put(request, strlen(text), 2);
  for (; *text != '\0'; text++)
    put(request, (uint8_t)*text, 1);
}

static void put_name(struct request *request, struct input *input) {
  put_text(request, names[take(input, 1) % (sizeof names / sizeof *names)]);
}

static void put_field(struct request *request, struct input *input, char kind) {
  static const uint32_t offsets[] = {0, 1, 7, 4096, 0x7fffffff, 0xffffffff};
  uint64_t n;

  switch (kind) {
  case 'f':
    put(request, take(input, 1) % 24, 4);
    break;
  case 'n':
    put_name(request, input);
    break;
  case 't':
    put_text(request, (take(input, 1) & 1) != 0 ? "../secret" : "");
    break;
  case 'x':
    put_text(request, attributes[take(input, 1) % (sizeof attributes / sizeof *attributes)]);
    break;
  case 'v':
    put_text(request, (take(input, 1) & 7) != 0 ? "9P2000.L" : "9P2000");
    break;
  case 'o':
    n = take(input, 1);
    put(request, n < 128 ? n % 32 : n == 255 ? UINT64_MAX : offsets[n % 6], 8);
    break;
  case '1':
    put(request, take(input, 1) % 4, 1);
    break;
  case 's':
    put(request, take(input, 1) % 4, 4);
    break;
  case 'm':
    put(request, take(input, 2) & 0x1ff, 4);
    break;
  case 'r':
    put(request, (take(input, 1) & 1) != 0 ? 0x200 : 0, 4);
    break;
  case 'h': /* no fid */
    put(request, UINT32_MAX, 4);
    break;
  case 'w':
    n = take(input, 1) % 18;
    put(request, n, 2);
    while (n-- > 0)
      put_name(request, input);
    break;
  case 'd':
    n = take(input, 1);
    put(request, n, 4);
    while (n-- > 0)
      put(request, n, 1);
    break;
  default:
    /* small more often than large */
    put(request, (take(input, 1) & 3) != 0 ? take(input, 2) : take(input, (size_t)(kind - '0')), (size_t)(kind - '0'));
  }
}

static void finish(struct request *request, uint8_t type) {
  size_t length = request->length;

  request->length = 0;
  put(request, length, 4);
  put(request, type, 1);
  put(request, 1, 2);
  request->length = length;
}

static void make_request(struct request *request, struct input *input, bool is_raw) {
  uint8_t type = (uint8_t)take(input, 1);

  request->length = 7;
  if (is_raw) {
    for (size_t n = take(input, 1); n > 0 && input->left > 0; n--)
      put(request, take(input, 1), 1);
  } else {
    size_t shape = type % (sizeof shapes / sizeof *shapes);

    type = shapes[shape].type;
    for (const char *kind = shapes[shape].fields; *kind != '\0'; kind++)
      put_field(request, input, *kind);
  }
  finish(request, type);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
  (void)info;
  (void)type;
  return walk->level == 0 ? 0 : remove(path);
}

static void path_in(char *path, size_t room, const char *name) {
  snprintf(path, room, "%s/%s", export_path, name);
}

/* Every input finds the original export: files made by the previous input are removed. */
static void fill_export(void) {
  char path[sizeof export_path + 32];
  int fd;

  nftw(export_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  assert(chmod(export_path, 0755) == 0);
  path_in(path, sizeof path, "file");
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  assert(fd >= 0 && write(fd, "content", 7) == 7 && close(fd) == 0);
  path_in(path, sizeof path, "folder");
  assert(mkdir(path, 0755) == 0);
  path_in(path, sizeof path, "folder/deep");
  assert(mkdir(path, 0755) == 0);
  path_in(path, sizeof path, "link");
  assert(symlink("../secret", path) == 0);
  path_in(path, sizeof path, "up");
  assert(symlink("..", path) == 0);
  path_in(path, sizeof path, "fifo");
  assert(mkfifo(path, 0644) == 0);
  path_in(path, sizeof path, "device");
  /* creating a device whose open could be noticed is not permitted everywhere */
  if (mknod(path, S_IFCHR | 0666, makedev(1, 7)) != 0)
    assert(errno == EPERM);
}

static void stat_secret(struct stat *info) {
  char path[sizeof scratch + 8];

  snprintf(path, sizeof path, "%s/secret", scratch);
  assert(stat(path, info) == 0);
}

/* Checks that nothing beside the export was changed, added or renamed. */
static void check_outside(void) {
  struct stat now;
  struct dirent *entry;
  DIR *folder = opendir(scratch);
  int found = 0;

  stat_secret(&now);
  assert(now.st_nlink == 1 && now.st_size == secret_at_first.st_size && now.st_mode == secret_at_first.st_mode);
  assert(now.st_uid == secret_at_first.st_uid && now.st_ino == secret_at_first.st_ino);
  assert(now.st_ctim.tv_sec == secret_at_first.st_ctim.tv_sec &&
         now.st_ctim.tv_nsec == secret_at_first.st_ctim.tv_nsec);
  assert(folder != NULL);
  while ((entry = readdir(folder)) != NULL)
    found++;
  assert(found == 4);
  closedir(folder);
}

static bool has(const uint8_t *bytes, size_t n, const char *text) {
  return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void check_reply(const struct request *request, const uint8_t *reply, ssize_t n) {
  uint32_t size;

  if (n < 0)
    return;
  assert(n >= 7 && n <= MSIZE);
  memcpy(&size, reply, sizeof size);
  assert(size == (size_t)n);
  assert(reply[4] == 7 ? n == 11 : reply[4] == request->bytes[4] + 1);
  assert(memcmp(reply + 5, request->bytes + 5, 2) == 0);
  /* the content of the secret, and the name that the folder above would show */
  assert(!has(reply, (size_t)n, "the secret's content"));
  assert(!has(reply, (size_t)n, "thaw-ninep-fuzz"));
}

static int count_fds(void) {
  DIR *folder = opendir("/proc/self/fd");
  int count = 0;

  assert(folder != NULL);
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

/* A failed restore must leave the server unchanged. */
static void restore(struct ninep *server, struct input *input) {
  size_t n = take(input, 2);
  int fd = memfd_create("snapshot", MFD_CLOEXEC), before;
  char text[256];

  if (n > input->left)
    n = input->left;
  assert(fd >= 0 && write(fd, input->at, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
  input->at += n;
  input->left -= n;
  before = count_fds();
  if (ninep_restore_fids(server, fd, text, sizeof text) != 0) {
    assert(strlen(text) > 0 && !has((const uint8_t *)text, strlen(text), "thaw-ninep-fuzz"));
    assert(count_fds() == before);
  }
  close(fd);
}

/* A new server restores the snapshot of the first, as long as no file has changed. */
static void save(struct ninep *server) {
  int fd = memfd_create("snapshot", MFD_CLOEXEC);
  char text[256];
  struct ninep *next;

  assert(fd >= 0);
  if (ninep_save_fids(server, fd, text, sizeof text) == 0) {
    ninep_free(server);
    next = ninep_new(root_fd, fds_fd, MSIZE);
    assert(next != NULL && lseek(fd, 0, SEEK_SET) == 0);
    assert(ninep_restore_fids(next, fd, text, sizeof text) == 0);
    server = next;
  }
  ninep_free(server);
  close(fd);
}

static void remove_scratch(void) {
  nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  rmdir(scratch);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  char path[sizeof scratch + 8];
  int fd;

  (void)argc;
  (void)argv;
  const char *folder = getenv("TMPDIR");

  /* a file system in memory is ten times as fast */
  snprintf(scratch, sizeof scratch, "%s/thaw-ninep-fuzz-XXXXXX", folder == NULL ? "/tmp" : folder);
  assert(mkdtemp(scratch) != NULL);
  atexit(remove_scratch);
  snprintf(export_path, sizeof export_path, "%s/export", scratch);
  assert(mkdir(export_path, 0755) == 0);
  snprintf(path, sizeof path, "%s/secret", scratch);
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  assert(fd >= 0 && write(fd, "the secret's content", 20) == 20 && close(fd) == 0);
  stat_secret(&secret_at_first);
  root_fd = open(export_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  fds_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  assert(root_fd >= 0 && fds_fd >= 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct request request;
  struct input input = {data, size};
  uint64_t first = take(&input, 1);
  bool is_raw = (first & 1) != 0;
  int before = count_fds();
  struct ninep *server = ninep_new(root_fd, fds_fd, MSIZE);
  uint8_t *reply = malloc(MSIZE);
  ssize_t n;

  assert(server != NULL && reply != NULL);
  fill_export();
  if ((first & 2) != 0) {
    restore(server, &input);
    goto messages;
  }
  request.length = 7;
  put(&request, MSIZE, 4);
  put_text(&request, "9P2000.L");
  finish(&request, 100);
  assert(ninep_answer(server, request.bytes, request.length, reply, MSIZE) > 0);
  /* fid 0: the root, for root */
  request.length = 7;
  put(&request, 0, 4);
  put(&request, UINT32_MAX, 4);
  put(&request, 0, 8);
  finish(&request, 104);
  assert(ninep_answer(server, request.bytes, request.length, reply, MSIZE) > 0);
messages:
  for (int i = 0; i < MESSAGES_MAX && input.left > 0; i++) {
    make_request(&request, &input, is_raw);
    /* of its exact length, so that the sanitizer sees a read beyond it */
    uint8_t *exact = malloc(request.length);

    assert(exact != NULL);
    memcpy(exact, request.bytes, request.length);
    n = ninep_answer(server, exact, request.length, reply, MSIZE);
    free(exact);
    check_reply(&request, reply, n);
    if (n < 0)
      break;
  }
  if ((first & 4) != 0)
    save(server);
  else
    ninep_free(server);
  free(reply);
  assert(count_fds() == before);
  check_outside();
  return 0;
}
