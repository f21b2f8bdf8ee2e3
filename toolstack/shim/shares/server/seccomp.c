// SPDX-License-Identifier: Apache-2.0
/*
 * Limits the 9P server to the system calls that it needs. A hostile guest that exploits a fault in its parsing gets
 * no other: no program, no socket, no mount, no signal to another process. docs/ninep.md explains the list.
 */
#include "shares/server/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <xen/xen.h>

#include <xen/sys/evtchn.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

static const uint16_t allowed[] = {
    /* the poll loop: events and the shim */
    SYS_ppoll,
    SYS_read,
    SYS_write,
    SYS_recvmsg,
    SYS_sendto,
    /* names and files */
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_fcntl,
    SYS_lseek,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fstatfs,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_renameat,
    SYS_renameat2,
    SYS_unlinkat,
    SYS_fchmodat,
    SYS_fchownat,
    SYS_utimensat,
    SYS_ftruncate,
    /* file contents and attributes */
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv2,
    SYS_pwritev2,
    SYS_fsync,
    SYS_fdatasync,
    SYS_getxattr,
    SYS_setxattr,
    SYS_listxattr,
    SYS_removexattr,
    /* the owner of created files */
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_geteuid,
    SYS_getegid,
    /* the time, where the kernel gives it by a call alone */
    SYS_clock_gettime,
    /* memory, random numbers (libc blocks signals for them), and the exit */
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_getrandom,
    SYS_restart_syscall,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_exit,
    SYS_exit_group,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_fchmodat2
    SYS_fchmodat2,
#endif
};

#define ALLOWED (sizeof allowed / sizeof *allowed)
#define OFFSET(field) ((uint32_t)offsetof(struct seccomp_data, field))
/* the lower half of an argument: all supported processors are little-endian */
#define LOAD(offset) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset)))
#define IF_EQUAL(value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no)))
#define IF_ANY(bits, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (yes), (no)))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (what)))

int shares_seccomp(void) {
#ifdef OWN_ARCH
  struct sock_filter filter[14 + 2 * ALLOWED];
  struct sock_fprog program = {.filter = filter};
  unsigned short n = 0;

  filter[n++] = LOAD(OFFSET(arch));
  filter[n++] = IF_EQUAL(OWN_ARCH, 1, 0);
  filter[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
  filter[n++] = LOAD(OFFSET(nr));
  for (size_t i = 0; i < ALLOWED; i++) {
    filter[n++] = IF_EQUAL(allowed[i], 0, 1);
    filter[n++] = RETURN(SECCOMP_RET_ALLOW);
  }
  /* mmap only for data, not for code */
  filter[n++] = IF_EQUAL(SYS_mmap, 0, 4);
  filter[n++] = LOAD(OFFSET(args[2]));
  filter[n++] = IF_ANY(PROT_EXEC, 0, 1);
  filter[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
  filter[n++] = RETURN(SECCOMP_RET_ALLOW);
  /* ioctl only to send Xen events */
  filter[n++] = IF_EQUAL(SYS_ioctl, 0, 3);
  filter[n++] = LOAD(OFFSET(args[1]));
  filter[n++] = IF_EQUAL((uint32_t)IOCTL_EVTCHN_NOTIFY, 0, 1);
  filter[n++] = RETURN(SECCOMP_RET_ALLOW);
  filter[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
  program.len = n;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#else
  errno = ENOSYS;
  return -1;
#endif
}
