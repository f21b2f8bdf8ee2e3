// SPDX-License-Identifier: Apache-2.0
/* Runs the 9P server's process: maps the rings, enters the tree, drops all other access, restores another server's
 * snapshot if there is one, and serves. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../api/frame.h"
#include "confine/landlock.h"
#include "link/descriptor.h"
#include "shares/ninep/snapshot/snapshot.h"
#include "shares/server/calls.h"
#include "shares/server/export.h"
#include "shares/server/join_budget.h"
#include "shares/server/loop.h"
#include "shares/server/own_proc.h"
#include "shares/server/rings.h"
#include "shares/shares.h"

/* Beyond the guest's budget: the server's own, and those that it has during a request or a snapshot. The kernel holds a
 * server to this limit that a guest has taken over. */
#define DESCRIPTORS (NINEP_DESCRIPTORS_MAX + 64u)

#define CAP(name) (1u << (name)) /* all used capabilities are below 32 */
/* The capabilities for files of any owner, as far as read-only mounts need them to answer as other mounts do. */
#define KEPT_READING (CAP(CAP_DAC_OVERRIDE) | CAP(CAP_FOWNER) | CAP(CAP_SETUID) | CAP(CAP_SETGID))
/* Those for changing such files, too, and no more. */
#define KEPT_WRITING (KEPT_READING | CAP(CAP_CHOWN) | CAP(CAP_FSETID) | CAP(CAP_SETFCAP))

/* Returns false for an unknown mode. */
static bool parse_mode(const char *mode, struct export *export) {
  static const struct {
    const char *text;
    bool read_only, is_slave;
  } modes[] = {{"rw", false, false}, {"ro", true, false}, {"rw,slave", false, true}};

  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strcmp(mode, modes[i].text) == 0) {
      export->read_only = modes[i].read_only;
      export->is_slave = modes[i].is_slave;
      return true;
    }
  return false;
}

/* Parses a SHARE into its exports, and allocates their paths. Returns -1 for a malformed message. */
static int parse(const uint8_t *bytes, size_t n, struct thaw_share *share, struct export exports[THAW_EXPORTS_MAX]) {
  struct fields fields;

  if (n < sizeof *share)
    return -1;
  memcpy(share, bytes, sizeof *share);
  fields = (struct fields){bytes + sizeof *share, n - sizeof *share};
  if (share->exports < 1 || share->exports > THAW_EXPORTS_MAX)
    return -1;
  for (uint32_t i = 0; i < share->exports; i++) {
    char *mode = fields_next_string(&fields), *path = mode != NULL ? fields_next_string(&fields) : NULL;

    if (path == NULL || *path != '/' || !parse_mode(mode, &exports[i]))
      return -1;
    exports[i].path = path;
    free(mode);
  }
  return fields.left == 0 ? 0 : -1;
}

static bool all_read_only(const struct export *exports, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (!exports[i].read_only)
      return false;
  return true;
}

/* Drops all capabilities but `kept`, and all access beyond the tree. Returns -1 with errno on failure. */
static int confine(int root, uint32_t kept) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || confine_landlock(root) != 0)
    return -1;
  return syscall(SYS_capset, &head, data) != 0 ? -1 : confine_seccomp(&shares_calls);
}

/*
 * Replaces standard input, output and error: the shim's log is a file of dom0, and /dev/null came by dom0's own mount.
 * From here on the server speaks to the shim alone. Returns -1 with errno.
 */
static int leave_log(void) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC), rc = 0;

  for (int standard = 0; fd >= 0 && standard <= 2 && rc == 0; standard++)
    rc = dup2(fd, standard) < 0 ? -1 : 0;
  if (fd > 2)
    close(fd);
  return fd < 0 ? -1 : rc;
}

static struct ninep *server_new(char *text, size_t size, const struct export *exports, uint32_t count, unsigned page) {
  uint32_t kept = all_read_only(exports, count) ? KEPT_READING : KEPT_WRITING;
  int root, own = own_proc_descriptors();
  struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};
  struct ninep *server;

  if (own < 0) {
    snprintf(text, size, "Cannot mount a proc of its own: %s", strerror(errno));
    return NULL;
  }
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    snprintf(text, size, "Cannot have the descriptors that it needs: %s", strerror(errno));
    return NULL;
  }
  if (export_enter(exports, count, text, size) != 0)
    return NULL;
  root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  server = root >= 0 ? ninep_new(root, own, THAW_SHARE_MSIZE) : NULL;
  if (server == NULL || join_budget(server, page) != 0 || confine(root, kept) != 0) {
    snprintf(text, size, "Cannot serve files: %s", strerror(errno));
    return NULL;
  }
  return server;
}

int shares_server_run(const char *domid, const char *page) {
  static uint8_t message[SHARES_MESSAGE_MAX];
  static struct export exports[THAW_EXPORTS_MAX];
  struct thaw_share share;
  struct rings *rings;
  struct ninep *server;
  const char *end;
  char text[256];
  int snapshot;
  ssize_t n;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  umask(0);
  n = descriptor_receive(SHARES_SOCKET, message, sizeof message, &snapshot);
  if (n <= 0)
    return 1; /* the shim ended first */
  if (parse(message, (size_t)n, &share, exports) != 0) {
    shares_say("SHARE is malformed");
    return 1;
  }
  if (export_own_mounts(exports, share.exports, text, sizeof text) != 0) {
    shares_say(text);
    return 1;
  }
  if (leave_log() != 0) {
    shares_say("Cannot leave the shim's log");
    return 1;
  }
  rings = rings_map((unsigned)strtoul(domid, NULL, 10), &share, snapshot >= 0, text, sizeof text);
  server =
      rings != NULL ? server_new(text, sizeof text, exports, share.exports, (unsigned)strtoul(page, NULL, 10)) : NULL;
  if (server == NULL || (snapshot >= 0 && ninep_restore_fids(server, snapshot, text, sizeof text) != 0)) {
    shares_say(text);
    return 1;
  }
  if (snapshot >= 0)
    close(snapshot);
  if (shares_say(SHARES_SERVED) != 0)
    return 1;
  end = shares_serve(rings, server);
  if (end != NULL)
    shares_say(end);
  ninep_free(server);
  return end == NULL ? 0 : 1;
}
