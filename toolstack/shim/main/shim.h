// SPDX-License-Identifier: Apache-2.0
/*
 * Declares thaw-shim's shared state: the sandbox's one channel, its processes, and the clients on the shim's socket.
 * The shim has one thread and one poll loop; no signal handler touches this state.
 *
 * Credit, by stream. Output: of THAW_WINDOW bytes, the guest may still send `credit`, the client holds `unacked`, and
 * `owed` are processed and not yet granted again; the three always sum up to THAW_WINDOW. Input: `in_allowed` bytes
 * that the guest accepts and no client was granted, the client's `in_credit` and `in_grant`, and the bytes in `in`
 * and at the guest sum up to at most THAW_WINDOW. So THAW_WINDOW bounds each queue.
 */
#ifndef THAW_SHIM_H
#define THAW_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "../../api/fifo.h"
#include "../../api/frame.h"
#include "../../api/sender.h"
#include "main/note.h"
#include "transport/transport.h"

#define SHIM_PROCESSES_MAX 1024u /* live and ended together; the shim forgets the oldest ended one first */
#define SHIM_CLIENTS_MAX 64u
#define SHIM_CREDIT_STEP (THAW_WINDOW / 4) /* less than this is not worth a CREDIT frame */

struct client;

struct output {
  uint32_t credit, unacked, owed;
  bool eof;         /* the guest ended it */
  bool unread;      /* the client reads it no more; the guest does not know yet */
  bool unread_sent; /* the guest was told */
};

enum stats_state {
  STATS_NONE,
  STATS_DUE,  /* its client requests the container's stats */
  STATS_SENT, /* the agent's answer is pending */
};

enum process_state {
  PROCESS_EXPECTED, /* thawd announced it; no frame of it has come */
  PROCESS_STARTED,
  PROCESS_ENDED, /* exit is set */
  PROCESS_LOST,  /* shim->lost says why */
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
  char *status_path;  /* NULL once the file is written */
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
  int fd;
  bool broken; /* client_sweep() closes it at the end of this turn */
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

enum shim_state { SHIM_WAITING, SHIM_UP, SHIM_LOST };

enum shim_pause {
  PAUSE_NONE,
  PAUSE_DUE,  /* LEAVE is due */
  PAUSE_SENT, /* the agent's LEAVE is pending */
  PAUSE_OVER, /* the agent has left: close the channel */
};

struct shim {
  enum shim_state state;
  char lost[200]; /* reason, once state is SHIM_LOST */
  enum shim_pause pause;
  bool returns; /* the shim has paused once: only thawd knows when the agent is back */
  struct transport *transport;
  struct frame_reader guest_reader;
  struct sender guest_sender;
  struct share_server *share_servers; /* newest first */
  uint32_t share_server_count;
  struct shared_budget *share_budget; /* made with the first server */
  struct layer *layers;               /* oldest first */
  struct fifo layer_bytes;            /* bytes of the oldest, on their way */
  struct process *guest_process;      /* the owner of the STREAM being read */
  struct process *processes;
  uint32_t process_count;
  struct client *clients;
  uint32_t client_count;
  uint64_t log_max;
  bool quit; /* thawd needs the shim no more: only clients that are still reading keep it alive, until they have
                all output */
  bool busy; /* bytes flowed since the last idle_release() */
  bool status_due;
};

/* guest.c: frames from the agent */
void guest_read(struct shim *shim, bool *more_out);
int guest_feed(struct shim *shim, const uint8_t *untrusted_bytes, size_t n);

/* guest_send.c: frames to the agent */
void guest_send(struct shim *shim);

/* process.c */
struct process *process_find(struct shim *shim, uint32_t id);
const char *process_expect(struct shim *shim, uint32_t id, uint32_t flags, char *log_path, char *status_path,
                           uint32_t *error_out);
void process_end(struct shim *shim, struct process *process, const struct thaw_exit *exit, uint32_t oom_kills);
void process_forget(struct shim *shim, struct process *process, uint32_t why); /* enum thaw_forget */
void process_sweep(struct shim *shim);
void process_free_all(struct shim *shim);

/* lost.c */
void shim_lost(struct shim *shim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* client.c */
struct client *client_new(struct shim *shim, int fd);
void client_read(struct shim *shim, struct client *client);
void client_sweep(struct shim *shim);
void client_detach(struct client *client);

/* client_frames.c: frames from clients */
int client_feed(struct shim *shim, struct client *client, const uint8_t *bytes, size_t n);

/* client_send.c: frames to clients */
void client_send(struct shim *shim, struct client *client);
void client_reply(struct client *client, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                  uint32_t length);
void client_error(struct client *client, uint32_t id, enum thaw_error error, const char *text);

/* status.c: reports of processes, on the socket and in files */
void status_reply(struct shim *shim, struct client *client);
void status_write(struct shim *shim, struct process *process);
void status_retry(struct shim *shim);

/* idle.c */
void idle_release(struct shim *shim);

#endif
