// SPDX-License-Identifier: Apache-2.0
/*
 * Declares types and functions of the launcher. The launcher connects to thawd, sends the REQUEST and writes the
 * OUTPUT. On JOIN it attaches to the shim, answers JOINED and pumps until the process's EXIT. Then it waits for
 * thawd's DONE and ends with a status.
 */
#ifndef THAW_LAUNCHER_H
#define THAW_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../api/fifo.h"
#include "../../api/frame.h"
#include "stand-in/watched.h"

#define SOCKET_PATH "/run/thaw/thawd.sock"
#define EXIT_TOOLSTACK 125 /* thaw itself failed */
#define EXIT_RUNTIME 1     /* the same, when an engine called it as its runtime */
#define LOST_THAWD "Lost the connection to thawd: it ended; see its log"
#define DETACH_MAX 32u   /* keys that detach from a terminal */
#define START_MS 90000   /* a launcher's longest wait until a starting thawd listens */
#define TRY_MS 50        /* between two connection attempts */
#define CLEANUP_MS 30000 /* longest wait for thawd after the process ended, unless the command continues */

struct connection {
  int fd; /* -1: none, or closed */
  struct frame_reader reader;
  struct fifo out; /* whole frames */
  bool unread;     /* it ended before the peer had read everything */
};

/* One of the launcher's own outputs. thawd's bytes go first. Each queue holds little more than a window. */
struct output {
  int fd;
  struct fifo thawd, shim;
  uint32_t uncredited; /* bytes from the shim that were written and not yet acknowledged */
  bool closed;         /* it has no reader: bytes are dropped and acknowledged */
  bool eof;            /* the process ended it */
  bool failed;         /* closed by an error other than a reader that went away */
  bool file;           /* never blocks for long */
  bool chunked;        /* can block in write: small pieces, and only after poll */
};

enum process_state {
  PROCESS_NONE,    /* no JOIN so far */
  PROCESS_JOINING, /* ATTACH sent */
  PROCESS_ATTACHED,
  PROCESS_ENDED,        /* status counts */
  PROCESS_LOST,         /* status is EXIT_TOOLSTACK; the reason was printed */
  PROCESS_DISCONNECTED, /* the shim's connection ended without EXIT or LOST; nothing was printed so far */
};

/* Files of a cgroup of dom0; -1: there are none. Opened before the stats are mounted over such files
 * (stats.h). */
struct oom_cgroup {
  int used, limit; /* memory.current and memory.max */
  int proc;        /* /proc of dom0, which shows the watchers of memory.events */
  struct watched events;
};

struct stats;

struct launcher {
  struct connection thawd, shim;
  struct output out[2];
  enum process_state state;
  uint32_t process, flags; /* enum thaw_process_flag */
  int status;
  int signal;            /* the signal that ended the process, if any */
  uint32_t oom_kills;    /* processes of the container killed by its guest's kernel */
  struct oom_cgroup oom; /* in a stand-in */
  struct stats *stats;   /* in a stand-in whose cgroup shows the container's stats */
  int stand_in;   /* in a stand-in: descriptor of its report to its parent, -1 once it has reported; 0: no stand-in */
  bool heard;     /* the process has begun */
  bool is_part;   /* the command continues after it */
  bool cancelled; /* CANCEL was sent */
  bool done;
  int done_status;
  int64_t ended_ms;
  bool answered;      /* thawd has sent a frame */
  bool taken;         /* thawd has read the request */
  int64_t take_by_ms; /* deadline for that */
  const char *socket_path;
  int64_t tell_at_ms; /* when to print that thawd is starting; 0: never, or already printed */
  int64_t
      again_by_ms; /* deadline for connecting to another thawd after one died with the request unread; 0: none did */
  int take_error;  /* why thawd never reads the request */
  uint32_t in_credit;
  bool in_eof;
  uint8_t detach[DETACH_MAX]; /* typed in a row on a terminal, these keys end the launcher, not the process */
  uint32_t detach_length, detach_seen;
  bool detaches;    /* the keys were typed: detach as soon as earlier input is sent */
  uint64_t signals; /* bit n - 1: send signal n once the process is attached */
};

/* thaw.c */
extern bool quiet; /* say() prints nothing: stderr belongs to the container */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t clock_ms(void);

/* offline.c: commands that work without thawd. offline() returns an exit status, or runs another program. */
bool works_offline(int argc, char **argv);
int offline(int argc, char **argv, const char *socket_path, int error);

/* start_thawd.c */
bool is_runtime(int argc, char **argv); /* called as an engine's runtime */
int start_thawd(struct connection *connection, const char *socket_path,
                int signals_fd); /* call with errno set: 0, or -1 with errno */
int start_thawd_again(struct launcher *launcher, const char *socket_path,
                      int signals_fd); /* after a thawd that died with the request unread: 0, or -1 */

/* await_thawd.c */
bool thawd_is_starting(const char *socket_path);
void await_begin(struct launcher *launcher, const char *socket_path,
                 bool tells);               /* tells: print a note after a second; false for engines */
void await_tell(struct launcher *launcher); /* prints once that thawd is starting, when due */
int await_thawd(
    struct launcher *launcher,
    int signals_fd); /* call with errno set: 0 once thawd listens, or -1 with errno; a signal ends the launcher */

/* connection.c */
int connection_open(struct connection *connection, const char *path); /* 0, or -1 with errno */
void connection_put(struct connection *connection, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                    uint32_t length);
int connection_flush(struct connection *connection); /* -1: ended */
/* Reads once and hands frames to the sink. Returns -1 on the connection's end or malformed data. */
int connection_read(struct connection *connection, const struct frame_sink *sink, void *ctx);
void connection_close(struct connection *connection);

/* request.c: returns 0, or -1 after printing the reason */
int request_put(struct connection *thawd, int argc, char **argv, char **env);

/* stand_in.c: a process of dom0 that represents the container's first process */
int stand_in_begin(struct launcher *launcher, struct fields *fields); /* -1: malformed */
void stand_in_tell(struct launcher *launcher, const char *text);      /* "" for all is well */
void stand_in_end(const struct launcher *launcher, int status) __attribute__((noreturn));

/* oom.c: shows the guest's OOM kills in the stand-in's cgroup of dom0 */
void oom_open(struct oom_cgroup *cgroup, const char *procs); /* opens the cgroup of that cgroup.procs */
void oom_show(const struct oom_cgroup *cgroup);              /* makes the kernel kill a helper process in it */

/* request_taken.c */
long wait_seconds(long by_default);                                      /* THAW_WAIT if it holds a valid number */
void request_taken_begin(struct launcher *launcher, bool works_offline); /* starts the wait */
bool request_taken(struct launcher *launcher);
void request_taken_check(struct launcher *launcher); /* closes thawd's connection at the deadline */

/* control.c: thawd's side */
extern const struct frame_sink control_sink;
void control_lost(struct launcher *launcher);

/* attach.c: the shim's side */
extern const struct frame_sink attach_sink;
void attach_begin(struct launcher *launcher, const char *path);
void attach_lost(struct launcher *launcher);
void attach_winsize(struct launcher *launcher);
void attach_detach(struct launcher *launcher); /* leaves the process running */

/* input.c */
bool input_wanted(const struct launcher *launcher);
void input_read(struct launcher *launcher);

/* output.c */
void output_init(struct output *output, int fd);
void output_free(struct output *output);
bool output_pending(const struct output *output);
void output_write(struct launcher *launcher, struct output *output);

/* signals.c */
int signals_init(void); /* descriptor that is readable when signals arrived; -1 with errno */
int signals_anew(void); /* replaces the pipe shared with the parent after a fork: 0, or -1 with errno */
void signals_all(void); /* from now on all catchable signals are forwarded */
void signals_take(struct launcher *launcher);
void signals_forward(struct launcher *launcher);

/* terminal.c */
bool terminal_size(struct thaw_winsize *size_out);
void terminal_raw(void);
void terminal_restore(void); /* async-signal-safe, idempotent */

/* loop.c: returns the exit status */
int loop_run(struct launcher *launcher, int signals_fd);

#endif
