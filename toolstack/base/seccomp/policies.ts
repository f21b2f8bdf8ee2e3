// SPDX-License-Identifier: Apache-2.0
// Says which system calls the programs may make that read what a guest or an image's author wrote. A list names what a program may do: with a list
// of what it may not, each new call of the kernel would be open.

import type { Policy } from './filter.js';
import type { SystemCall } from './system-calls.js';

const AF_UNIX = 1;
/** AF_INET, AF_INET6, AF_NETLINK. */
const INTERNET = [2, 10, 16];

function words(text: string): SystemCall[] {
  return text.trim().split(/\s+/) as SystemCall[];
}

/** Memory, open files, threads and child processes: mkfs.erofs, zstd, tar and its decompressors. */
const PARSES = words(`
  brk mmap munmap mprotect mremap madvise mincore mlock munlock membarrier
  open openat access faccessat faccessat2 stat lstat newfstatat statx statfs readlink readlinkat getcwd chdir fchdir umask
  getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range lseek fstat fstatfs getdents64
  fcntl flock dup dup2 dup3 pipe pipe2 ftruncate fallocate fadvise64 copy_file_range sendfile splice
  fsync fdatasync sync_file_range poll ppoll select pselect6 ioctl
  clone fork vfork execve exit exit_group wait4 waitid kill tgkill tkill getpid getppid gettid getpgrp getpgid setpgid setsid
  set_tid_address set_robust_list rseq futex arch_prctl sched_yield sched_getaffinity sysinfo uname times getrusage
  prlimit64 getrlimit getpriority
  rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigpending sigaltstack restart_syscall pause
  alarm getitimer setitimer nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time getrandom
  getuid geteuid getgid getegid getresuid getresgid getgroups
`);

/** setpriv loads the filter before it changes the user. Without capabilities these calls only take rights away. */
const SETPRIV = words(`
  prctl setuid setgid setresuid setresgid setgroups capget capset
  landlock_create_ruleset landlock_add_rule landlock_restrict_self
`);

/** Makes, names and removes files and folders. Links, devices and extended attributes are not among them. */
const WRITES = words(`
  mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 truncate fchmod
`);

/** Landlock does not look at these. A user's own files are all that they change, but root's are many. */
const ATTRIBUTES = words('chmod fchmodat fchmodat2 utime utimes futimesat utimensat');

/** skopeo gives an archive's files the owners that the archive names, and fails where it cannot. thawd gives them to root afterwards. */
const OWNERS = words('chown fchown lchown fchownat');

const CONNECTS = words(`
  socket connect bind getsockname getpeername setsockopt getsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown
`);

/** Go's runtime waits for sockets and pipes with these. */
const GO = words(
  'epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 pidfd_open pidfd_send_signal',
);

/** Change the kernel, look into other processes, or lead around the rights of files. No program of an image needs one. */
const KERNEL = words(`
  ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp bpf perf_event_open userfaultfd
  io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
  init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
  open_by_handle_at fanotify_init quotactl quotactl_fd syslog acct settimeofday clock_settime adjtimex clock_adjtime
  sethostname setdomainname iopl ioperm vhangup mbind move_pages migrate_pages set_mempolicy personality setns
`);

const saves = [...PARSES, ...SETPRIV, ...WRITES, ...GO];
const copies = [...saves, ...ATTRIBUTES];

export const POLICIES = {
  /** Reads and writes open files and what Landlock shows. */
  parser: { allowed: [...PARSES, ...SETPRIV] },
  /** Makes files and folders as well. */
  copier: { allowed: copies, pretended: OWNERS },
  /** Makes files and folders as root. */
  saver: { allowed: saves, pretended: [...OWNERS, ...ATTRIBUTES] },
  /** Speaks TCP and UDP as well. Netlink says which addresses the host has. */
  network: { allowed: [...copies, ...CONNECTS], pretended: OWNERS, families: INTERNET },
  /** Speaks to a server on this host as well, as root. */
  local: { allowed: [...copies, ...CONNECTS, ...OWNERS], families: [AF_UNIX, ...INTERNET] },
  /** Mounts an engine's layers, as root. */
  mounter: { denied: KERNEL },
} as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof POLICIES;
