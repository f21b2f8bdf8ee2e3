// SPDX-License-Identifier: Apache-2.0
/*
 * Declares the relay's state: the sandbox's one channel, its processes, and its clients. Launchers' connections are the
 * relay's own; those of peers such as thawd are the monitor's, which passes frames on. The relay has one thread and one
 * poll loop; no signal handler touches this state.
 *
 * Credit, by stream. Output: of THAW_WINDOW bytes, the guest may still send `credit`, the client holds `unacked`, and
 * `owed` are processed and not yet granted again; the three always sum up to THAW_WINDOW. Input: `in_allowed` bytes
 * that the guest accepts and no client was granted, the client's `in_credit` and `in_grant`, and the bytes in `in`
 * and at the guest sum up to at most THAW_WINDOW. So THAW_WINDOW bounds each queue.
 */
#ifndef THAW_RELAY_H
#define THAW_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "../../api/fifo.h"
#include "../../api/frame.h"
#include "../../api/sender.h"
#include "base/note.h"
#include "relay/transport/transport.h"

#define RELAY_PROCESSES_MAX 1024u /* live and ended together; the relay forgets the oldest ended one first */
#define RELAY_LAUNCHERS_MAX 64u
#define RELAY_PEERS_MAX 64u
#define RELAY_CLIENTS_MAX (RELAY_LAUNCHERS_MAX + RELAY_PEERS_MAX)
#define RELAY_CREDIT_STEP (THAW_WINDOW / 4) /* less than this is not worth a CREDIT frame */

struct client;

struct output {
  uint32_t credit, unacked, owed;
  bool eof;         /* the guest ended it */
  bool unread;      /* the client reads it no more; the guest does not know yet */
  bool unread_sent; /* the guest was told */
};

/* Files of a process that is announced: payload of a peer's EXPECT. */
enum expect_file { EXPECT_LOG = 1, EXPECT_STATUS = 2 };

enum stats_state {
  STATS_NONE,
  STATS_DUE,  /* its client requests the container's stats */
  STATS_SENT, /* the agent's answer is pending */
};

enum process_state {
  PROCESS_EXPECTED, /* thawd announced it; no frame of it has come */
  PROCESS_STARTED,
  PROCESS_ENDED, /* exit is set */
  PROCESS_LOST,  /* relay->lost says why */
};

struct process {
  struct process *next;
  uint32_t id, flags; /* enum thaw_process_flag */
  enum process_state state;
  struct thaw_exit exit;
  uint32_t oom_kills; /* from the agent */
  bool transient;     /* no log, no status file: forgotten once it has ended and has no client */
  bool dropped;       /* thawd has given up its start */
  struct log *log;    /* NULL: none */
  bool has_status;    /* its status file is not written yet */
  struct output out[2];
  struct fifo in;
  uint32_t in_allowed;
  bool in_eof, in_eof_sent;
  uint64_t signals; /* bit n - 1: signal n is due */
  bool winsize_due;
  struct thaw_winsize winsize;
  enum stats_state stats;
  struct client *client; /* the attached one */
};

struct client {
  struct client *next;
  int fd;        /* -1: the monitor has its connection */
  uint32_t peer; /* the monitor's number for it, or 0 */
  bool broken;   /* client_sweep() closes it at the end of this turn */
  bool blocked;
  bool watches; /* sent STATUS: gets every EXIT and LOST */
  bool pauses;  /* sent PAUSE and waits for the answer */
  struct frame_reader reader;
  struct sender sender;
  struct fifo replies; /* whole frames */
  struct process *process;
  bool feeds, in_eof; /* sends stdin; ended it */
  bool owns;          /* its end ends the process */
  bool came_first;    /* attached before the process started: its closed output is the process's */
  bool unread[2];     /* output that it reads no more is dropped for it alone */
  uint32_t in_credit, in_grant;
  struct fifo out[2];
  bool eof_sent[2], end_sent;
  uint8_t turn; /* index of the next output to send */
};

enum relay_state { RELAY_WAITING, RELAY_UP, RELAY_LOST };

enum relay_pause {
  PAUSE_NONE,
  PAUSE_DUE,  /* LEAVE is due */
  PAUSE_SENT, /* the agent's LEAVE is pending */
  PAUSE_OVER, /* the agent has left: close the channel */
};

struct relay {
  enum relay_state state;
  char lost[200]; /* reason, once state is RELAY_LOST */
  enum relay_pause pause;
  bool returns; /* the relay has paused once: only thawd knows when the agent is back */
  struct transport *transport;
  struct frame_reader guest_reader;
  struct sender guest_sender;
  struct layer *layers;          /* oldest first */
  struct fifo layer_bytes;       /* bytes of the oldest, on their way */
  struct process *guest_process; /* the owner of the STREAM being read */
  struct process *processes;
  uint32_t process_count;
  struct client *clients;
  uint32_t client_count;
  uint64_t log_max;
  bool quit; /* thawd needs the sandbox no more: only clients that are still reading keep the relay alive, until they
                have all output */
  bool busy; /* bytes flowed since the last idle_release() */
  bool status_due;
};

/* guest.c: frames from the agent */
void guest_read(struct relay *relay, bool *more_out);
int guest_feed(struct relay *relay, const uint8_t *untrusted_bytes, size_t n);

/* guest_send.c: frames to the agent */
void guest_send(struct relay *relay);

/* process.c */
struct process *process_find(struct relay *relay, uint32_t id);
/* files: EXPECT_LOG and EXPECT_STATUS. Returns NULL, or an error message for people. */
const char *process_expect(struct relay *relay, uint32_t id, uint32_t flags, uint32_t files, uint32_t *error_out);
void process_end(struct relay *relay, struct process *process, const struct thaw_exit *exit, uint32_t oom_kills);
void process_forget(struct relay *relay, struct process *process, uint32_t why); /* enum thaw_forget */
void process_sweep(struct relay *relay);
void process_free_all(struct relay *relay);

/* lost.c */
void relay_lost(struct relay *relay, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* client.c */
struct client *client_new(struct relay *relay, int fd, uint32_t peer);
struct client *client_of_peer(struct relay *relay, uint32_t peer); /* NULL: none */
void client_read(struct relay *relay, struct client *client);
void client_sweep(struct relay *relay);
void client_detach(struct client *client);

/* client_frames.c: frames from clients */
int client_feed(struct relay *relay, struct client *client, const uint8_t *bytes, size_t n);

/* client_send.c: frames to clients */
void client_send(struct relay *relay, struct client *client);
void client_reply(struct client *client, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                  uint32_t length);
void client_error(struct client *client, uint32_t id, enum thaw_error error, const char *text);

/* status.c: reports of processes, on the socket and in files */
void status_reply(struct relay *relay, struct client *client);
void status_write(struct relay *relay, struct process *process);
void status_retry(struct relay *relay);

/* idle.c */
void idle_release(struct relay *relay);

#endif
