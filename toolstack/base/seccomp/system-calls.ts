// SPDX-License-Identifier: Apache-2.0
// Numbers of Linux's system calls on the processors that thaw runs on. A number never changes (asm/unistd_64.h, asm-generic/unistd.h).

/** The processor lacks the call: a newer call does the same there. */
const none = undefined;

/** Each call's number on x86-64, then on arm64. */
// prettier-ignore
const NUMBERS = {
  accept4: [288, 242], access: [21, none], acct: [163, 89], add_key: [248, 217], adjtimex: [159, 171], alarm: [37, none], arch_prctl: [158, none],
  bind: [49, 200], bpf: [321, 280], brk: [12, 214], capget: [125, 90], capset: [126, 91], chdir: [80, 49], chmod: [90, none], chown: [92, none],
  chroot: [161, 51], clock_adjtime: [305, 266], clock_getres: [229, 114], clock_gettime: [228, 113], clock_nanosleep: [230, 115],
  clock_settime: [227, 112], clone: [56, 220], clone3: [435, 435], close: [3, 57], close_range: [436, 436], connect: [42, 203],
  copy_file_range: [326, 285], delete_module: [176, 106], dup: [32, 23], dup2: [33, none], dup3: [292, 24], epoll_create1: [291, 20],
  epoll_ctl: [233, 21], epoll_pwait: [281, 22], epoll_pwait2: [441, 441], epoll_wait: [232, none], eventfd2: [290, 19], execve: [59, 221],
  exit: [60, 93], exit_group: [231, 94], faccessat: [269, 48], faccessat2: [439, 439], fadvise64: [221, 223], fallocate: [285, 47],
  fanotify_init: [300, 262], fchdir: [81, 50], fchmod: [91, 52], fchmodat: [268, 53], fchmodat2: [452, 452], fchown: [93, 55], fchownat: [260, 54],
  fcntl: [72, 25], fdatasync: [75, 83], fgetxattr: [193, 10], finit_module: [313, 273], flistxattr: [196, 13], flock: [73, 32], fork: [57, none],
  fsetxattr: [190, 7], fstat: [5, 80], fstatfs: [138, 44], fsync: [74, 82], ftruncate: [77, 46], futex: [202, 98], futimesat: [261, none],
  getcwd: [79, 17], getdents64: [217, 61], getegid: [108, 177], geteuid: [107, 175], getgid: [104, 176], getgroups: [115, 158], getitimer: [36, 102],
  getpeername: [52, 205], getpgid: [121, 155], getpgrp: [111, none], getpid: [39, 172], getppid: [110, 173], getpriority: [140, 141],
  getrandom: [318, 278], getresgid: [120, 150], getresuid: [118, 148], getrlimit: [97, 163], getrusage: [98, 165], getsockname: [51, 204],
  getsockopt: [55, 209], gettid: [186, 178], gettimeofday: [96, 169], getuid: [102, 174], getxattr: [191, 8], init_module: [175, 105],
  io_uring_enter: [426, 426], io_uring_register: [427, 427], io_uring_setup: [425, 425], ioctl: [16, 29], ioperm: [173, none], iopl: [172, none],
  kcmp: [312, 272], kexec_file_load: [320, 294], kexec_load: [246, 104], keyctl: [250, 219], kill: [62, 129], landlock_add_rule: [445, 445],
  landlock_create_ruleset: [444, 444], landlock_restrict_self: [446, 446], lchown: [94, none], lgetxattr: [192, 9], link: [86, none],
  linkat: [265, 37], listen: [50, 201], listxattr: [194, 11], llistxattr: [195, 12], lookup_dcookie: [212, 18], lseek: [8, 62], lsetxattr: [189, 6],
  lstat: [6, none], madvise: [28, 233], mbind: [237, 235], membarrier: [324, 283], memfd_create: [319, 279], migrate_pages: [256, 238],
  mincore: [27, 232], mkdir: [83, none], mkdirat: [258, 34], mknod: [133, none], mknodat: [259, 33], mlock: [149, 228], mmap: [9, 222],
  mount: [165, 40], move_pages: [279, 239], mprotect: [10, 226], mremap: [25, 216], munlock: [150, 229], munmap: [11, 215],
  name_to_handle_at: [303, 264], nanosleep: [35, 101], newfstatat: [262, 79], nfsservctl: [180, 42], open: [2, none], open_by_handle_at: [304, 265],
  openat: [257, 56], pause: [34, none], perf_event_open: [298, 241], personality: [135, 92], pidfd_getfd: [438, 438], pidfd_open: [434, 434],
  pidfd_send_signal: [424, 424], pipe: [22, none], pipe2: [293, 59], pivot_root: [155, 41], poll: [7, none], ppoll: [271, 73], prctl: [157, 167],
  pread64: [17, 67], preadv: [295, 69], preadv2: [327, 286], prlimit64: [302, 261], process_vm_readv: [310, 270], process_vm_writev: [311, 271],
  pselect6: [270, 72], ptrace: [101, 117], pwrite64: [18, 68], pwritev: [296, 70], pwritev2: [328, 287], quotactl: [179, 60], quotactl_fd: [443, 443],
  read: [0, 63], readlink: [89, none], readlinkat: [267, 78], readv: [19, 65], reboot: [169, 142], recvfrom: [45, 207], recvmmsg: [299, 243],
  recvmsg: [47, 212], rename: [82, none], renameat: [264, 38], renameat2: [316, 276], request_key: [249, 218], restart_syscall: [219, 128],
  rmdir: [84, none], rseq: [334, 293], rt_sigaction: [13, 134], rt_sigpending: [127, 136], rt_sigprocmask: [14, 135], rt_sigreturn: [15, 139],
  rt_sigsuspend: [130, 133], rt_sigtimedwait: [128, 137], sched_getaffinity: [204, 123], sched_yield: [24, 124], seccomp: [317, 277],
  select: [23, none], sendfile: [40, 71], sendmmsg: [307, 269], sendmsg: [46, 211], sendto: [44, 206], set_mempolicy: [238, 237],
  set_robust_list: [273, 99], set_tid_address: [218, 96], setdomainname: [171, 162], setgid: [106, 144], setgroups: [116, 159],
  sethostname: [170, 161], setitimer: [38, 103], setns: [308, 268], setpgid: [109, 154], setresgid: [119, 149], setresuid: [117, 147],
  setsid: [112, 157], setsockopt: [54, 208], settimeofday: [164, 170], setuid: [105, 146], setxattr: [188, 5], shutdown: [48, 210],
  sigaltstack: [131, 132], socket: [41, 198], socketpair: [53, 199], splice: [275, 76], stat: [4, none], statfs: [137, 43], statx: [332, 291],
  swapoff: [168, 225], swapon: [167, 224], symlink: [88, none], symlinkat: [266, 36], sync_file_range: [277, 84], sysinfo: [99, 179],
  syslog: [103, 116], tgkill: [234, 131], time: [201, none], times: [100, 153], tkill: [200, 130], truncate: [76, 45], umask: [95, 166],
  umount2: [166, 39], uname: [63, 160], unlink: [87, none], unlinkat: [263, 35], unshare: [272, 97], userfaultfd: [323, 282], utime: [132, none],
  utimensat: [280, 88], utimes: [235, none], vfork: [58, none], vhangup: [153, 58], wait4: [61, 260], waitid: [247, 95], write: [1, 64],
  writev: [20, 66],
} as const;

export type SystemCall = keyof typeof NUMBERS;
export const SYSTEM_CALLS = Object.keys(NUMBERS) as SystemCall[];

export interface Processor {
  /** The value of AUDIT_ARCH_* (linux/audit.h). */
  readonly auditArch: number;
  readonly column: 0 | 1;
  /** x86-64 has a second table, x32, whose numbers have this bit. */
  readonly foreignBit: number;
}

const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: { auditArch: 0xc000003e, column: 0, foreignBit: 0x40000000 },
  arm64: { auditArch: 0xc00000b7, column: 1, foreignBit: 0 },
};

/** Returns undefined for a processor whose numbers are not known. Takes Node.js's name of it. */
export function processorOf(name: string): Processor | undefined {
  return PROCESSORS[name];
}

/** Returns undefined where the processor lacks the call. */
export function numberOf(call: SystemCall, { column }: Processor): number | undefined {
  return NUMBERS[call][column];
}
