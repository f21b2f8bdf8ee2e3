// SPDX-License-Identifier: Apache-2.0
/*
 * No sequence of bytes, clients, ends of programs and turns of the loop may break the agent. The real loop,
 * channels, parsers and handlers run. Stubs replace access to the machine: the fuzzer's bytes are the transports,
 * crun is a child that ends when the input says so, and nothing is mounted, killed or named.
 *
 * An input is a sequence of operations: {u8 kind, u8 length, length bytes}. The target checks that the agent sends
 * complete frames of the right kind, and keeps to its credit.
 */
#define _GNU_SOURCE
#include "base/child.h"
#include "base/log.h"
#include "base/options.h"
#include "base/path.h"
#include "container/bundle.h"
#include "freeze/freeze.h"
#include "freeze/volumes.h"
#include "guest/identity.h"
#include "main/requests.h"
#include "network/netlink.h"
#include "network/network.h"
#include "process/cgroup.h"
#include "process/data_channel.h"
#include "process/process.h"
#include "protocol/control.h"
#include "rootfs/copy_folder.h"
#include "rootfs/mount.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum operation { TO_CONTROL, TO_DATA, CONTROL_GONE, DATA_GONE, CRUN_ENDS, PROCESS_ENDS, PROCESS_WRITES, TURN, KINDS };

#define PENDING_MAX 65536

struct agent_transport {
  enum agent_channel_number number;
  bool is_gone, has_left;
  uint8_t in[PENDING_MAX];
  size_t in_length, in_done;
  struct thaw_frame header; /* of the frame that the agent is sending */
  size_t sent;
};

static struct agent_transport *transports[3];
static char folder[] = "/tmp/thaw-agent-fuzz-XXXXXX";

struct agent_transport *agent_transport_open(enum agent_channel_number number) {
  struct agent_transport *transport = calloc(1, sizeof *transport);

  if (!transport)
    abort();
  transport->number = number;
  transports[number] = transport;
  return transport;
}

void agent_transport_close(struct agent_transport *transport) {
  transports[transport->number] = NULL;
  free(transport);
}

void agent_transport_withdraw(struct agent_transport *transport) {
  (void)transport;
}

int agent_transport_fd(const struct agent_transport *transport) {
  (void)transport;
  return -1;
}

short agent_transport_events(const struct agent_transport *transport, bool wants_write) {
  (void)transport;
  (void)wants_write;
  return 0;
}

void agent_transport_acknowledge(struct agent_transport *transport) {
  (void)transport;
}

enum agent_peer agent_transport_peer(struct agent_transport *transport) {
  return transport->is_gone ? AGENT_PEER_CLOSED : AGENT_PEER_HERE;
}

ssize_t agent_transport_read(struct agent_transport *transport, void *data, size_t size) {
  size_t left = transport->in_length - transport->in_done;

  if (size > left)
    size = left;
  memcpy(data, transport->in + transport->in_done, size);
  transport->in_done += size;
  return size > 0 ? (ssize_t)size : transport->is_gone ? -1 : 0;
}

static void check_sent(struct agent_transport *transport) {
  const struct thaw_frame *header = &transport->header;
  bool is_data = transport->number == AGENT_DATA;

  if (header->length > (is_data ? THAW_DATA_MAX : THAW_CONTROL_MAX))
    abort();
  if (transport->has_left)
    abort();
  if (header->type == THAW_HELLO)
    return;
  if (is_data && header->type == THAW_LEAVE && header->id == 0 && header->length == 0) {
    transport->has_left = true;
    return;
  }
  if (header->id == 0)
    abort();
  if (is_data ? (header->type < THAW_STREAM || header->type > THAW_EXIT) && header->type != THAW_CGROUP_STATS
              : header->type != THAW_OK && header->type != THAW_ERROR)
    abort();
}

ssize_t agent_transport_write(struct agent_transport *transport, const void *data, size_t size) {
  const size_t head = sizeof transport->header;

  if (transport->is_gone)
    return -1;
  if (size > 1000)
    size = 1000;
  for (size_t i = 0; i < size; i++) {
    if (transport->sent < head)
      ((uint8_t *)&transport->header)[transport->sent] = ((const uint8_t *)data)[i];
    transport->sent++;
    if (transport->sent == head)
      check_sent(transport);
    if (transport->sent >= head && transport->sent - head == transport->header.length)
      transport->sent = 0;
  }
  return (ssize_t)size;
}

/* crun stub: keeps the container's ends of its pipes, so that it can write. */
static struct {
  struct agent_child *child;
  char bundle[AGENT_PATH_MAX];
  int out;
} crun = {.out = -1};
static pid_t next_pid = 1000;

bool agent_child_spawn(struct agent_child *child, int program, const char *const *argv, const int fds[3]) {
  (void)program;
  if (crun.child)
    return false;
  crun.child = child;
  child->pid = next_pid++;
  crun.bundle[0] = '\0';
  for (; *argv; argv++) {
    if (strncmp(*argv, "--bundle=", 9) == 0)
      agent_path(crun.bundle, "%s", *argv + 9);
    if (strncmp(*argv, "--process=", 10) == 0)
      agent_path(crun.bundle, "%.*s", (int)(strrchr(*argv, '/') - *argv) - 10, *argv + 10);
  }
  if (crun.bundle[0]) {
    if (crun.out >= 0)
      close(crun.out);
    crun.out = fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
    fcntl(crun.out, F_SETFL, O_NONBLOCK);
  }
  return true;
}

pid_t agent_child_start(int program, const char *const *argv, const int fds[3]) {
  (void)program;
  (void)argv;
  (void)fds;
  return next_pid++;
}

bool agent_child_reaped(pid_t pid, int wait_status) {
  (void)pid;
  (void)wait_status;
  return false;
}

static void end_crun(int wait_status) {
  struct agent_child *child = crun.child;
  char path[AGENT_PATH_MAX + 8], text[16];
  int fd;

  if (!child)
    return;
  if (crun.bundle[0] && wait_status == 0) {
    snprintf(path, sizeof path, "%s/pid", crun.bundle);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
      snprintf(text, sizeof text, "%d", next_pid++);
      if (write(fd, text, strlen(text)) < 0)
        abort();
      close(fd);
    }
  }
  crun.child = NULL;
  child->pid = 0;
  child->ended(child, wait_status);
}

/* Nothing is copied: a process that needs a folder copied fails to start. */
bool agent_child_fork(struct agent_child *child, int (*work)(void *context), void *context) {
  (void)child;
  (void)work;
  (void)context;
  errno = EAGAIN;
  return false;
}

bool agent_copy_folder(int from, int to) {
  (void)from;
  (void)to;
  return true;
}

void agent_mount_share_request(struct agent_request request, struct agent_fields *fields) {
  (void)fields;
  agent_control_error(request, THAW_E_MOUNT, "Nothing is mounted here");
}

void agent_unmount_share_request(struct agent_request request, struct agent_fields *fields) {
  (void)fields;
  agent_control_error(request, THAW_E_MOUNT, "Nothing is mounted here");
}

const char *agent_network_set(const char *interface, const struct thaw_network *network) {
  (void)interface;
  return network->prefix4 > 0 ? NULL : "find it";
}

unsigned agent_netlink_interface(uint32_t devid) {
  errno = ENODEV;
  return devid < 4 ? devid + 2 : 0;
}

/* Reads each message to its stated length, as the kernel does: a message must be complete. */
bool agent_netlink_talk(const struct agent_field *messages, unsigned *number_out) {
  static volatile uint8_t sum;
  struct nlmsghdr header;

  *number_out = 0;
  for (size_t at = 0; at < messages->length; at += NLMSG_ALIGN(header.nlmsg_len)) {
    memcpy(&header, messages->bytes + at, sizeof header);
    for (size_t i = 0; i < header.nlmsg_len; i++)
      sum = (uint8_t)(sum + messages->bytes[at + i]);
    (*number_out)++;
  }
  return true;
}

bool agent_overlay_mount(const struct agent_rootfs *rootfs, char *text, size_t size) {
  snprintf(text, size, "Cannot mount %s", rootfs->name);
  return false;
}

void agent_overlay_write_back(const struct agent_rootfs *rootfs) {
  (void)rootfs;
}

bool agent_overlay_unmount(const struct agent_rootfs *rootfs) {
  (void)rootfs;
  return true;
}

/* The pids are invented: their real owners on this machine must not matter. */
bool agent_cgroup_of(pid_t pid, char folder[AGENT_PATH_MAX]) {
  agent_path(folder, "/cgroup/%d", (int)pid);
  return true;
}

uint32_t agent_cgroup_oom_kills(pid_t pid) {
  return (uint32_t)pid % 2;
}

bool agent_cgroup_write(const char *file_folder, const char *name, const void *value, size_t length) {
  static volatile uint8_t sum;

  (void)file_folder;
  (void)name;
  for (size_t i = 0; i < length; i++)
    sum ^= ((const uint8_t *)value)[i];
  return true;
}

bool agent_cgroup_freeze(const char *folder, bool stop) {
  (void)folder;
  (void)stop;
  return true;
}

bool agent_cgroup_is_frozen(const char *folder) {
  (void)folder;
  return true;
}

int agent_volumes_find(pid_t pid, bool saves_fids, char *where, size_t size) {
  (void)pid;
  (void)saves_fids;
  (void)where;
  (void)size;
  return 0;
}

int __wrap_sethostname(const char *name, size_t length);
int __wrap_kill(pid_t pid, int signal);

int __wrap_sethostname(const char *name, size_t length) {
  (void)name;
  (void)length;
  return 0;
}

int __wrap_kill(pid_t pid, int signal) {
  (void)pid;
  (void)signal;
  return 0;
}

static void each_round(void) {
  agent_channel_round(agent_control_channel());
  agent_channel_round(agent_data_channel());
  agent_freeze_round();
}

static void turn(void) {
  agent_loop_again();
  agent_loop_turn(each_round);
  agent_loop_again();
  agent_loop_turn(each_round);
}

static void feed(enum agent_channel_number number, const uint8_t *bytes, size_t length) {
  struct agent_transport *transport = transports[number];

  if (!transport || transport->is_gone || transport->in_length + length > PENDING_MAX)
    return;
  memcpy(transport->in + transport->in_length, bytes, length);
  transport->in_length += length;
}

static void leave(enum agent_channel_number number) {
  if (transports[number])
    transports[number]->is_gone = true;
  turn();
}

static void end_process(int wait_status) {
  struct agent_process *process = agent_process_first();

  while (process && (process->has_ended || process->pid == 0))
    process = process->next;
  if (process)
    agent_process_end(process, wait_status);
}

static void perform(uint8_t kind, const uint8_t *bytes, size_t length) {
  switch (kind % KINDS) {
  case TO_CONTROL:
  case TO_DATA:
    feed(kind % KINDS == TO_CONTROL ? AGENT_CONTROL : AGENT_DATA, bytes, length);
    break;
  case CONTROL_GONE:
  case DATA_GONE:
    leave(kind % KINDS == CONTROL_GONE ? AGENT_CONTROL : AGENT_DATA);
    break;
  case CRUN_ENDS:
    end_crun(length ? bytes[0] << 8 : 0);
    break;
  case PROCESS_ENDS:
    end_process(length ? bytes[0] << 8 : 9);
    break;
  case PROCESS_WRITES:
    if (crun.out >= 0 && write(crun.out, bytes, length) < 0)
      break;
    break;
  default:
    turn();
  }
}

/* Every input finds the agent in the state after its start. */
static void settle(void) {
  struct agent_process *process;

  for (int i = 0; i < 8 && crun.child; i++)
    end_crun(1 << 8);
  while ((process = agent_process_first())) {
    agent_bundle_remove(process->container);
    if (!process->has_ended)
      agent_process_end(process, 0);
    turn();
    end_crun(1 << 8);
    if (agent_process_first() == process && process->state != AGENT_STARTING)
      agent_process_free(process);
  }
  agent_identity_forget();
  /* completes a freeze under way, and wakes a frozen agent */
  leave(AGENT_CONTROL);
  leave(AGENT_DATA);
  if (!agent_store_write(THAW_XS_WAKE, "1"))
    abort();
  turn();
  agent_store_remove(THAW_XS_WAKE);
  turn();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void remove_folder(void) {
  agent_path_remove(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  static char run[64], etc[64];
  char path[AGENT_PATH_MAX];

  (void)argc;
  (void)argv;
  if (!mkdtemp(folder))
    abort();
  atexit(remove_folder);
  signal(SIGPIPE, SIG_IGN);
  snprintf(run, sizeof run, "%s/run", folder);
  snprintf(etc, sizeof etc, "%s/etc", folder);
  agent_options = (struct agent_options){
      .run = run, .etc = etc, .dev = etc, .runtime = "crun", .cgroup_manager = "disabled", .store = folder};
  agent_path(path, "%s/roots/r/rootfs", run);
  if (!agent_path_make(path) || !agent_store_open())
    abort();
  agent_requests_init();
  agent_data_init();
  agent_mount_init();
  agent_freeze_init();
  agent_channel_open(agent_control_channel());
  agent_channel_open(agent_data_channel());
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  while (size >= 2) {
    uint8_t kind = data[0];
    size_t length = data[1] < size - 2 ? data[1] : size - 2;

    perform(kind, data + 2, length);
    data += 2 + length;
    size -= 2 + length;
  }
  turn();
  settle();
  return 0;
}
