// SPDX-License-Identifier: Apache-2.0
/*
 * thaw-shim: the data plane of one sandbox. Carries the streams, signals and exit statuses of its processes between
 * the agent in the domain and the clients attached to the shim's socket. Writes log and status files, even without a
 * running thawd. docs/shim.md describes its guarantees.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/spawner.h"
#include "monitor/monitor.h"
#include "relay/logs/log.h"
#include "relay/main.h"
#include "shares/shares.h"

/* longer than thawd's wait for a waking agent: thawd knows more, so it reports first */
#define HELLO_MS_DEFAULT 120000
#define HELLO_SECONDS_MOST 86400u

static const char usage[] =
    "usage: thaw-shim --domid N --vchan XENSTORE-PATH [--ring REF:PORT] --dir DIR [--log-max BYTES] "
    "[--log-level LEVEL] [--hello-timeout SECONDS]\n"
    "       thaw-shim --socket AGENT-SOCKET --dir DIR [...]\n"
    "       thaw-shim --spawner [CGROUPS [LIMIT=VALUE...]]\n"
    "       thaw-shim --relay DOMID\n"
    "       thaw-shim --files DOMID PAGE\n";

#ifndef SOCKET_OF_DOMAIN
#define SOCKET_OF_DOMAIN false /* true only in tests of the shim's file servers */
#endif

/* Applies the option with getopt's number, whose value is optarg. Returns -1 for an invalid one. */
static int option_apply(int option, struct monitor *monitor) {
  struct channel *channel = &monitor->channel;
  unsigned long seconds;
  char *end, rest;

  switch (option) {
  case 'd':
    channel->domid = (unsigned)strtoul(optarg, &end, 10);
    return *optarg == '\0' || *end != '\0' || channel->domid >= 0x7ff0 ? -1 : 0;
  case 'v':
    channel->is_vchan = channel->is_domain = true;
    channel->path = optarg;
    return 0;
  case 'r':
    return sscanf(optarg, "%" SCNu32 ":%" SCNu32 "%c", &channel->ring_ref, &channel->ring_port, &rest) != 2 ||
                   channel->ring_port == 0
               ? -1
               : 0;
  case 's':
    channel->is_domain = SOCKET_OF_DOMAIN;
    channel->path = optarg;
    return 0;
  case 'D':
    monitor->dir = optarg;
    return 0;
  case 'l':
    return note_set_level(optarg) != 0 ? -1 : 0;
  case 'h':
    seconds = strtoul(optarg, &end, 10);
    if (*optarg < '0' || *optarg > '9' || *end != '\0' || seconds > HELLO_SECONDS_MOST)
      return -1;
    monitor->begin.hello_ms = (int64_t)seconds * 1000;
    return 0;
  case 'm':
    monitor->begin.log_max = strtoull(optarg, &end, 10);
    return *optarg == '\0' || *end != '\0' || monitor->begin.log_max < LOG_MAX_LEAST ? -1 : 0;
  default:
    return -1;
  }
}

static int options_parse(int argc, char **argv, struct monitor *monitor) {
  static const struct option known[] = {
      {"domid", required_argument, NULL, 'd'},
      {"vchan", required_argument, NULL, 'v'},
      {"socket", required_argument, NULL, 's'},
      {"dir", required_argument, NULL, 'D'},
      {"log-level", required_argument, NULL, 'l'},
      {"log-max", required_argument, NULL, 'm'},
      {"hello-timeout", required_argument, NULL, 'h'},
      {"ring", required_argument, NULL, 'r'},
      {NULL, 0, NULL, 0},
  };
  bool has_domid = false;
  int option;

  while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
    has_domid = has_domid || option == 'd';
    if (option_apply(option, monitor) != 0)
      return -1;
  }
  if (optind != argc || monitor->dir == NULL || *monitor->dir != '/' || monitor->channel.path == NULL ||
      has_domid != monitor->channel.is_vchan)
    return -1;
  return 0;
}

/*
 * Above thawd and dom0's other services, below the programs that thawd starts: when dom0 is short of memory, the end of
 * one sandbox is the smaller loss. File servers inherit it. A kernel that refuses it decides by itself.
 */
static void die_before_services(void) {
  static const char score[] = "500";
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write(fd, score, sizeof score - 1) < 0)
    note(NOTE_WARN, "dom0's kernel does not kill this shim before services: %s", strerror(errno));
  close(fd);
}

/* Leaves the starter's session, working directory and descriptors; keeps descriptors 0, 1 and 2. */
static int detach(void) {
  sigset_t handled;

  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
      return -1;
  }
  if (close_range(3, ~0u, 0) != 0 || chdir("/") != 0)
    return -1;
  setsid(); /* fails only if the shim already leads a group */
  umask(0177);
  setenv("TZ", "UTC0", 1); /* times are in UTC: libc reads no zone file */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sigemptyset(&handled);
  sigaddset(&handled, SIGTERM);
  sigaddset(&handled, SIGINT);
  if (sigprocmask(SIG_SETMASK, &handled, NULL) != 0)
    return -1;
  return signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv) {
  struct monitor monitor = {.listen_fd = -1, .signal_fd = -1, .link = -1, .calls = -1, .channel.grants = -1};

  if (argc >= 2 && strcmp(argv[1], "--spawner") == 0)
    return spawner_run(argv + 2);
  if (argc == 4 && strcmp(argv[1], "--files") == 0)
    return shares_server_run(argv[2], argv[3]);
  if (argc == 3 && strcmp(argv[1], "--relay") == 0)
    return relay_run(argv[2]);
  monitor.begin.log_max = LOG_MAX_DEFAULT;
  monitor.begin.hello_ms = HELLO_MS_DEFAULT;
  if (options_parse(argc, argv, &monitor) != 0) {
    if (write(STDERR_FILENO, usage, sizeof usage - 1) < 0)
      return 3;
    return 2;
  }
  monitor.signal_fd = detach();
  if (monitor.signal_fd < 0) {
    note(NOTE_ERROR, "Cannot start: %s", strerror(errno));
    return 1;
  }
  die_before_services();
  monitor.begin.is_domain = monitor.channel.is_vchan;
  return monitor_run(&monitor);
}
