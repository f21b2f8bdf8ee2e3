/* SPDX-License-Identifier: Apache-2.0 */
/* Limits the system calls of a process. */
#ifndef SHIM_CONFINE_SECCOMP_H
#define SHIM_CONFINE_SECCOMP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifdef SYS_poll
#define SECCOMP_POLL_CALLS SYS_ppoll, SYS_poll
#else
#define SECCOMP_POLL_CALLS SYS_ppoll
#endif

/* The calls of libc itself: memory, random numbers (it blocks signals for them), the time where the kernel gives it by
 * a call alone, and the exit. */
#define SECCOMP_LIBC_CALLS                                                                                             \
  SYS_brk, SYS_munmap, SYS_mremap, SYS_getrandom, SYS_restart_syscall, SYS_rt_sigreturn, SYS_rt_sigprocmask,           \
      SYS_clock_gettime, SYS_exit, SYS_exit_group

enum seccomp_test {
  SECCOMP_EQUAL,   /* the argument is `value` */
  SECCOMP_WITHOUT, /* the argument has no bit of `value` */
};

/* A system call that is allowed with some arguments. Only the lower half of the argument counts. */
struct seccomp_case {
  uint16_t number;
  uint8_t argument; /* 0 to 5 */
  uint8_t test;     /* enum seccomp_test */
  uint32_t value;
};

struct seccomp_filter {
  const uint16_t *allowed;
  size_t allowed_count; /* with cases_count, 120 at most */
  const struct seccomp_case *cases;
  size_t cases_count;
};

/* Any other system call ends the process from then on. Needs PR_SET_NO_NEW_PRIVS. Returns 0, or -1 with errno. */
int confine_seccomp(const struct seccomp_filter *filter);

#endif
