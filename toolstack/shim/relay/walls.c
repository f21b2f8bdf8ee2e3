// SPDX-License-Identifier: Apache-2.0
/* Drops the relay's rights. docs/shim.md explains the list of system calls. */
#include "relay/walls.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xen/xen.h>

#include <xen/sys/evtchn.h>

#include "../../../kernels/agent/proto.h"
#include "confine/landlock.h"
#include "confine/seccomp.h"
#include "relay/relay.h"

/* A record of a log has at most 64 KiB and its head. */
#define RECORD_BYTES 131072u
/* Logs, launchers, layers, and its own. */
#define DESCRIPTORS (RELAY_PROCESSES_MAX + RELAY_LAUNCHERS_MAX + THAW_LAYERS_MAX + 16u)

static const uint16_t allowed[] = {
    /* the poll loop, the monitor, launchers and logs */
    SECCOMP_POLL_CALLS, SYS_read,    SYS_write, SYS_recvfrom,  SYS_sendto,
    SYS_recvmsg,        SYS_sendmsg, SYS_close, SYS_ftruncate, SECCOMP_LIBC_CALLS,
};

static const struct seccomp_case cases[] = {
    {SYS_mmap, 2, SECCOMP_WITHOUT, PROT_EXEC},
    {SYS_madvise, 2, SECCOMP_EQUAL, MADV_DONTNEED},
    {SYS_ioctl, 1, SECCOMP_EQUAL, (uint32_t)IOCTL_EVTCHN_NOTIFY},
};

static int limit(int resource, rlim_t most) {
  const struct rlimit limit = {most, most};

  return setrlimit((__rlimit_resource_t)resource, &limit);
}

static int drop_user(unsigned domid) {
  uid_t uid = RELAY_UID + domid;

  return setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ? -1 : setresuid(uid, uid, uid);
}

static int drop_capabilities(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

  return (int)syscall(SYS_capset, &head, none);
}

int relay_walls(unsigned domid, uint64_t log_max) {
  const struct seccomp_filter filter = {allowed, sizeof allowed / sizeof *allowed, cases, sizeof cases / sizeof *cases};

  if (limit(RLIMIT_NOFILE, DESCRIPTORS) != 0 || limit(RLIMIT_FSIZE, log_max + RECORD_BYTES) != 0 ||
      limit(RLIMIT_CORE, 0) != 0)
    return -1;
#ifdef __SANITIZE_ADDRESS__
  (void)domid; /* the sanitizers need more at their end */
  (void)filter;
  (void)drop_user;
  (void)drop_capabilities;
  return 0;
#else
  if (geteuid() != 0 && domid == 0) /* a test of a user's own has no rights to drop */
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || confine_seccomp(&filter) != 0 ? -1 : 0;
  /* a change of the user makes the kernel forget the signal of the parent's end */
  if (drop_user(domid) != 0 || drop_capabilities() != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || confine_landlock(-1) != 0)
    return -1;
  return confine_seccomp(&filter);
#endif
}
