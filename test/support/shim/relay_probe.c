// SPDX-License-Identifier: Apache-2.0
/*
 * Replaces the relay's loop by what a guest would do that has taken the relay over: it makes the system call that
 * THAW_PROBE_CALL names, with arguments that would do harm, and then waits. The monitor's log says how it ended.
 * Without a name it waits at once, so that a test can look at it from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay/loop.h"
#include "relay/to_monitor.h"

#define PLAIN(name, ...)                                                                                               \
  {                                                                                                                    \
    #name, SYS_##name, {                                                                                               \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
  }
#define TEXT(text) ((long)(uintptr_t)(text))

static char buffer[4096];

static const struct {
  const char *name;
  long number;
  long arguments[6];
} calls[] = {
    PLAIN(open, TEXT("/etc/passwd"), O_RDONLY),
    PLAIN(openat, AT_FDCWD, TEXT("/etc/passwd"), O_RDONLY),
    PLAIN(openat2, AT_FDCWD, TEXT("/etc/passwd"), TEXT(buffer), 24),
    PLAIN(open_by_handle_at, AT_FDCWD, TEXT(buffer), O_RDONLY),
    PLAIN(stat, TEXT("/etc/shadow"), TEXT(buffer)),
    PLAIN(newfstatat, AT_FDCWD, TEXT("/etc/shadow"), TEXT(buffer), 0),
    PLAIN(statx, AT_FDCWD, TEXT("/etc/shadow"), 0, 0, TEXT(buffer)),
    PLAIN(access, TEXT("/etc/shadow"), 0),
    PLAIN(readlink, TEXT("/proc/1/exe"), TEXT(buffer), 100),
    PLAIN(chdir, TEXT("/tmp")),
    PLAIN(chroot, TEXT("/tmp")),
    PLAIN(mkdir, TEXT("/tmp/thaw-relay-made"), 0700),
    PLAIN(unlink, TEXT("/tmp/thaw-relay-made")),
    PLAIN(rename, TEXT("/tmp/a"), TEXT("/tmp/b")),
    PLAIN(link, TEXT("/etc/passwd"), TEXT("/tmp/thaw-relay-made")),
    PLAIN(symlink, TEXT("/etc/passwd"), TEXT("/tmp/thaw-relay-made")),
    PLAIN(chmod, TEXT("/tmp"), 0777),
    PLAIN(fchmod, 2, 0777),
    PLAIN(chown, TEXT("/tmp"), 0, 0),
    PLAIN(fchown, 2, 0, 0),
    PLAIN(truncate, TEXT("/tmp/thaw-relay-made"), 0),
    PLAIN(fallocate, 2, 0, 0, 1 << 20),
    PLAIN(mknod, TEXT("/tmp/thaw-relay-made"), S_IFCHR | 0600, 0x101),
    PLAIN(mount, 0, TEXT("/tmp"), TEXT("tmpfs"), 0, 0),
    PLAIN(umount2, TEXT("/proc"), 2),
    PLAIN(pivot_root, TEXT("."), TEXT(".")),
    PLAIN(fsopen, TEXT("proc"), 0),
    PLAIN(execve, TEXT("/bin/sh"), 0, 0),
    PLAIN(execveat, 2, TEXT(""), 0, 0, 0x1000),
    PLAIN(fork),
    PLAIN(vfork),
    PLAIN(clone, SIGCHLD),
    PLAIN(clone3, TEXT(buffer), 88),
    PLAIN(unshare, CLONE_NEWUSER),
    PLAIN(setns, 3, 0),
    PLAIN(kill, -1, SIGKILL),
    PLAIN(tkill, 1, SIGKILL),
    PLAIN(pidfd_open, 1, 0),
    PLAIN(ptrace, 16, 1),
    PLAIN(process_vm_readv, 1, TEXT(buffer), 1, TEXT(buffer), 1, 0),
    PLAIN(setuid, 0),
    PLAIN(setresuid, 0, 0, 0),
    PLAIN(setgroups, 0, 0),
    PLAIN(capset, TEXT(buffer), TEXT(buffer)),
    PLAIN(prctl, PR_SET_PDEATHSIG, 0),
    PLAIN(setrlimit, 1, TEXT(buffer)),
    PLAIN(prlimit64, 0, 1, TEXT(buffer), 0),
    PLAIN(socket, AF_INET, SOCK_STREAM, 0),
    PLAIN(socketpair, AF_UNIX, SOCK_STREAM, 0, TEXT(buffer)),
    PLAIN(connect, 3, TEXT(buffer), 110),
    PLAIN(bind, 3, TEXT(buffer), 110),
    PLAIN(listen, 3, 1),
    PLAIN(accept4, 3, 0, 0, 0),
    PLAIN(io_uring_setup, 8, TEXT(buffer)),
    PLAIN(bpf, 0, TEXT(buffer), 100),
    PLAIN(perf_event_open, TEXT(buffer), 0, -1, -1, 0),
    PLAIN(userfaultfd, 0),
    PLAIN(memfd_create, TEXT("x"), 0),
    PLAIN(keyctl, 0, -3, 0),
    PLAIN(add_key, TEXT("user"), TEXT("x"), TEXT("x"), 1, -3),
    PLAIN(mprotect, 0, 4096, PROT_READ | PROT_EXEC),
    PLAIN(dup2, 3, 5),
    PLAIN(fcntl, 3, F_SETOWN, 1),
    PLAIN(shmget, 0, 4096, 0600),
    PLAIN(reboot, 0xfee1dead, 672274793, 0x4321fedc, 0),
    {"mmap code", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
    {"map another's grants", SYS_ioctl, {5, 0x184700, TEXT(buffer)}},
    {"bind another's event channel", SYS_ioctl, {5, 0x084501, TEXT(buffer)}},
    {"push into a terminal", SYS_ioctl, {2, 0x5412, TEXT("x")}},
    {"give memory back", SYS_madvise, {0, 4096, 100}},
};

int loop_run(struct loop *loop) {
  const char *name = getenv("THAW_PROBE_CALL");

  (void)loop;
  for (size_t i = 0; name != NULL && i < sizeof calls / sizeof *calls; i++)
    if (strcmp(calls[i].name, name) == 0) {
      const long *with = calls[i].arguments;

      syscall(calls[i].number, with[0], with[1], with[2], with[3], with[4], with[5]);
      note(NOTE_ERROR, "The call was made: %s", strerror(errno));
    } else if (strcmp(name, "list") == 0) {
      note(NOTE_ERROR, "call %s", calls[i].name);
    }
  if (name != NULL && strcmp(name, "fill") == 0) { /* the log of the shim is a file of dom0 */
    for (int written = 0; written < 64 << 20; written += (int)sizeof buffer)
      if (write(2, buffer, sizeof buffer) < 0)
        break;
  }
  for (struct pollfd fd = {RELAY_LINK, 0, 0}; poll(&fd, 1, -1) >= 0 && fd.revents == 0;)
    continue;
  return 0;
}

void monitor_hear(struct loop *loop) {
  (void)loop;
}
