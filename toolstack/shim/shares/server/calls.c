// SPDX-License-Identifier: Apache-2.0
/* The system calls of the 9P server. docs/ninep.md explains the list. */
#include "shares/server/calls.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <xen/xen.h>

#include <xen/sys/evtchn.h>

static const uint16_t allowed[] = {
    /* the poll loop: events and the shim */
    SECCOMP_POLL_CALLS,
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
    SYS_madvise,
    SECCOMP_LIBC_CALLS,
#ifdef SYS_fchmodat2
    SYS_fchmodat2,
#endif
};

static const struct seccomp_case cases[] = {
    {SYS_mmap, 2, SECCOMP_WITHOUT, PROT_EXEC},
    {SYS_ioctl, 1, SECCOMP_EQUAL, (uint32_t)IOCTL_EVTCHN_NOTIFY},
};

const struct seccomp_filter shares_calls = {allowed, sizeof allowed / sizeof *allowed, cases,
                                            sizeof cases / sizeof *cases};
