// SPDX-License-Identifier: Apache-2.0
/* Prepares the initrd's system for containers: mounts, loopback, kernel settings and limits. */
#define _GNU_SOURCE
#include "main/boot.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
  const char *type, *at;
  unsigned long flags;
  const char *options;
  bool optional;
} mounts[] = {
    {"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755", false},
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755", false},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777", false},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666", false},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", false},
    {"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true},
    {"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false},
};

/*
 * The kernel's first root cannot be moved, so pivot_root refuses it. A bind mount of the same files, moved over it,
 * is an ordinary mount.
 */
static bool make_root_movable(void) {
  const char *root = "/newroot";

  return (mkdir(root, 0755) == 0 || errno == EEXIST) && mount("/", root, NULL, MS_BIND, NULL) == 0 &&
         chdir(root) == 0 && mount(".", "/", NULL, MS_MOVE, NULL) == 0 && chroot(".") == 0 && chdir("/") == 0;
}

static void mount_all(void) {
  for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
    mkdir(mounts[i].at, 0755);
    if (mount(mounts[i].type, mounts[i].at, mounts[i].type, mounts[i].flags, mounts[i].options) != 0 &&
        !mounts[i].optional)
      agent_die("Cannot mount %s: %s", mounts[i].at, strerror(errno));
  }
}

/* Enables the controllers one by one: a kernel without one of them must not cost the others. */
static void enable_cgroup_controllers(void) {
  static const char *const controllers[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
  int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++)
    if (write(fd, controllers[i], strlen(controllers[i])) < 0)
      agent_log("cgroup: no %s controller: %s", controllers[i] + 1, strerror(errno));
  close(fd);
}

/* Lets every user ping without a capability, as other container engines do. */
static void let_all_ping(void) {
  static const char groups[] = "0 2147483647";
  int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write(fd, groups, sizeof groups - 1) < 0)
    agent_log("ping: only with a capability: %s", strerror(errno));
  if (fd >= 0)
    close(fd);
}

static void bring_loopback_up(void) {
  struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return;
  if (ioctl(fd, SIOCSIFFLAGS, &interface) != 0)
    agent_log("lo: stays down: %s", strerror(errno));
  close(fd);
}

/* The OOM killer must spare the agent: without it dom0 learns nothing about the guest. */
static void exempt_from_oom_killer(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write(fd, "-1000", 5) != 5)
    agent_log("oom_score_adj: %s", strerror(errno));
  close(fd);
}

/*
 * Linux derives these limits from the memory at boot, the smallest size of the guest, and never again: 60 processes
 * for each user. A container is bounded by its memory and by its own limits of pids and files.
 */
static void lift_limits(void) {
  static const struct {
    const char *path, *value;
  } settings[] = {
      {"/proc/sys/kernel/threads-max", "65536"},          {"/proc/sys/fs/file-max", "9223372036854775807"},
      {"/proc/sys/fs/epoll/max_user_watches", "1048576"}, {"/proc/sys/user/max_cgroup_namespaces", "32768"},
      {"/proc/sys/user/max_ipc_namespaces", "32768"},     {"/proc/sys/user/max_mnt_namespaces", "32768"},
      {"/proc/sys/user/max_net_namespaces", "32768"},     {"/proc/sys/user/max_pid_namespaces", "32768"},
      {"/proc/sys/user/max_time_namespaces", "32768"},    {"/proc/sys/user/max_user_namespaces", "32768"},
      {"/proc/sys/user/max_uts_namespaces", "32768"},
  };
  const struct rlimit processes = {RLIM_INFINITY, RLIM_INFINITY}, signals = {65536, 65536};

  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    int fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, settings[i].value, strlen(settings[i].value)) < 0)
      agent_log("%s: stays as it is: %s", settings[i].path, strerror(errno));
    if (fd >= 0)
      close(fd);
  }
  if (setrlimit(RLIMIT_NPROC, &processes) != 0 || setrlimit(RLIMIT_SIGPENDING, &signals) != 0)
    agent_log("limits of processes stay as they are: %s", strerror(errno));
}

/*
 * Where memory is fragmented, Linux withholds up to two page blocks, 4 MiB, of each zone until that much was
 * reclaimed. Large pages bring no gain here, and a guest of 32 MiB needs all of its memory.
 */
static void withhold_nothing(void) {
  int fd = open("/proc/sys/vm/watermark_boost_factor", O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write(fd, "0", 1) != 1)
    agent_log("watermark_boost_factor: stays as it is: %s", strerror(errno));
  if (fd >= 0)
    close(fd);
}

/* `xl shutdown` makes the kernel run this program; it is the agent's own. */
static void offer_poweroff(void) {
  char self[256];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

  if (length <= 0)
    return;
  self[length] = '\0';
  mkdir("/sbin", 0755);
  if (symlink(self, "/sbin/poweroff") != 0 && errno != EEXIST)
    agent_log("/sbin/poweroff: %s", strerror(errno));
}

void agent_boot(void) {
  umask(022);
  if (!make_root_movable())
    agent_die("Cannot move the root: %s", strerror(errno));
  mount_all();
  agent_log_open();
  enable_cgroup_controllers();
  bring_loopback_up();
  let_all_ping();
  exempt_from_oom_killer();
  lift_limits();
  withhold_nothing();
  offer_poweroff();
}
