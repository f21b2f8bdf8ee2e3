// SPDX-License-Identifier: Apache-2.0
/*
 * Limits a process that reads hostile bytes to the system calls that it needs. A guest that exploits a fault in the
 * parsing gets no other: no program, no new socket, no mount, no signal to another process.
 */
#include "confine/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

enum { CALLS_MOST = 120, CASE_STEPS = 5 };

#define OFFSET(field) ((uint32_t)offsetof(struct seccomp_data, field))
/* the lower half of an argument: all supported processors are little-endian */
#define LOAD(offset) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset)))
#define IF_EQUAL(value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no)))
#define IF_ANY(bits, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (yes), (no)))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (what)))

#ifdef OWN_ARCH
/* Ends the process unless the case holds. The accumulator has the call's number. Returns the number of steps. */
static unsigned short put_case(struct sock_filter *steps, const struct seccomp_case *one) {
  steps[0] = IF_EQUAL(one->number, 0, CASE_STEPS - 1);
  steps[1] = LOAD(OFFSET(args) + 8u * one->argument);
  steps[2] = one->test == SECCOMP_EQUAL ? IF_EQUAL(one->value, 1, 0) : IF_ANY(one->value, 0, 1);
  steps[3] = RETURN(SECCOMP_RET_KILL_PROCESS);
  steps[4] = RETURN(SECCOMP_RET_ALLOW);
  return CASE_STEPS;
}
#endif

int confine_seccomp(const struct seccomp_filter *filter) {
#ifdef OWN_ARCH
  struct sock_filter steps[5 + CASE_STEPS * CALLS_MOST];
  struct sock_fprog program = {.filter = steps};
  unsigned short n = 0;

  if (filter->allowed_count + filter->cases_count > CALLS_MOST) {
    errno = E2BIG;
    return -1;
  }
  steps[n++] = LOAD(OFFSET(arch));
  steps[n++] = IF_EQUAL(OWN_ARCH, 1, 0);
  steps[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
  steps[n++] = LOAD(OFFSET(nr));
  for (size_t i = 0; i < filter->allowed_count; i++) {
    steps[n++] = IF_EQUAL(filter->allowed[i], 0, 1);
    steps[n++] = RETURN(SECCOMP_RET_ALLOW);
  }
  for (size_t i = 0; i < filter->cases_count; i++)
    n += put_case(steps + n, &filter->cases[i]);
  steps[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
  program.len = n;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#else
  (void)filter;
  errno = ENOSYS;
  return -1;
#endif
}
