/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declares the monitor's state. The monitor has root's rights, and speaks for the relay to dom0: it accepts
 * connections, opens files, maps the guest's rings, and starts 9P servers. It reads no byte of a guest. The relay's
 * messages are untrusted, since a guest may have taken the relay over. The monitor has one thread and one poll loop.
 */
#ifndef THAW_MONITOR_H
#define THAW_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../api/fifo.h"
#include "../../api/frame.h"
#include "base/note.h"
#include "link/message.h"
#include "monitor/domain.h"

#define PEERS_MAX 64u
/* Pages of one direction of the channel. */
#define CHANNEL_PAGES_MAX (1u << (THAW_DATA_RING_ORDER - 12))

struct peer;

enum channel_state {
  CHANNEL_CLOSED,
  CHANNEL_OFFERED, /* the relay has not answered yet */
  CHANNEL_OPEN,
};

/* Where the agent is found, and the grants of the channel that the relay maps. */
struct channel {
  enum channel_state state;
  bool is_vchan;
  bool is_domain; /* file servers can be started */
  unsigned domid;
  const char *path;             /* of the socket, or in xenstore */
  uint32_t ring_ref, ring_port; /* a vchan's first ring, not looked up in xenstore; port 0: none */
  int grants;                   /* the relay's grant device, or -1 */
  struct mapping {
    uint64_t offset;
    uint32_t pages; /* 0: none */
  } mappings[3];    /* until the relay has mapped them */
};

struct monitor {
  const char *dir;
  int listen_fd, signal_fd, link, calls; /* -1: closed */
  pid_t relay;
  bool link_is_full;
  struct message_begin begin;
  struct domain *domain; /* NULL with a socket as channel */
  struct channel channel;
  struct record *records;
  uint32_t record_count;
  struct peer *peers;
  uint32_t peer_count, last_peer;
  struct share_server *share_servers; /* newest first */
  uint32_t share_server_count;
  struct shared_budget *share_budget; /* made with the first server */
  bool is_lost;
  char lost[200]; /* reason, once is_lost */
  char end[200];  /* reason for which the relay is to give up the sandbox; "": none */
  bool end_sent, quit, quit_sent;
  int64_t lost_by_ms; /* a relay that has not given up then is killed; 0: none */
  int64_t second_ms;  /* when each_second() is due next */
  bool relay_ended;
};

/* loop.c. Runs until QUIT or SIGTERM. Returns the exit status. */
int monitor_run(struct monitor *monitor);
/* Has the relay give up the sandbox, for that reason unless there is another. */
void monitor_end(struct monitor *monitor, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns why the sandbox is lost, or NULL. */
const char *monitor_lost(const struct monitor *monitor);

/* start.c. Returns -1 with a note. With a missing domain it returns 0, and the sandbox is lost. */
int monitor_start(struct monitor *monitor);

/* to_relay.c. Returns false while the link is full: try again once it is not. */
bool tell_relay(struct monitor *monitor, enum message_type type, uint32_t id, const void *payload, uint32_t length,
                int fd);

/* from_relay.c: handle what has come. Return false when the relay has ended, or breaks the protocol. */
bool relay_hear(struct monitor *monitor);
bool relay_hear_call(struct monitor *monitor);

/* channel.c */
void channel_open(struct monitor *monitor); /* offers a closed channel to the relay if the agent is there */
void channel_mapped(struct monitor *monitor, bool is_mapped);
int channel_map(struct channel *channel, const uint32_t *refs, uint32_t count, uint64_t *offset_out);

/* peers.c */
void peer_accept(struct monitor *monitor);
void peer_read(struct monitor *monitor, struct peer *peer);
void peer_send(struct peer *peer);
void peer_sweep(struct monitor *monitor);
struct peer *peer_find(struct monitor *monitor, uint32_t number);

#endif
