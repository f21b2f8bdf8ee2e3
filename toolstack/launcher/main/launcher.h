// SPDX-License-Identifier: Apache-2.0
/*
 * What the launcher's files share. In this order: connect to thawd, send the REQUEST, write its OUTPUT; on JOIN
 * attach to the shim, answer JOINED, pump until the process's EXIT; wait for thawd's DONE; end with a status.
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
#define EXIT_RUNTIME 1     /* the same, where an engine called it as its runtime */
#define LOST_THAWD "Lost the connection to thawd: it ended; see its log"
#define DETACH_MAX 32u   /* keys that let go of a terminal */
#define WAKE_MS 90000    /* how long a launcher waits until a thawd that starts listens */
#define TRY_MS 50        /* between two tries to connect to it */
#define CLEANUP_MS 30000 /* how long an ended process's launcher waits for thawd, where it is not a part */

struct connection {
  int fd; /* -1: none, or over */
  struct frame_reader reader;
  struct fifo out; /* whole frames */
  bool unread;     /* it ended before the other side had read all that was sent */
};

/* One of the launcher's own outputs. What thawd says goes first; both queues hold at most a window and a bit. */
struct output {
  int fd;
  struct fifo thawd, shim;
  uint32_t uncredited; /* bytes of the shim's that were written and not acknowledged */
  bool closed;         /* nobody reads it: bytes are dropped and acknowledged */
  bool eof;            /* the process ended it */
  bool failed;         /* closed by an error other than a reader that went away */
  bool file;           /* never blocks for long */
  bool chunked;        /* can block in write: small pieces, and only after poll */
};

enum process_state {
  PROCESS_NONE,    /* no JOIN so far */
  PROCESS_JOINING, /* ATTACH sent */
  PROCESS_ATTACHED,
  PROCESS_ENDED, /* status counts */
  PROCESS_LOST,  /* status is EXIT_TOOLSTACK; it was said why */
  PROCESS_GONE,  /* the shim's connection ended without a word; nothing was said so far */
};

/* Files of a cgroup of dom0; -1: there are none. Whoever opens them later may find others in their place
 * (figures.h). */
struct oom_cgroup {
  int used, limit; /* memory.current and memory.max */
  int proc;        /* /proc of dom0, where it says who watches memory.events */
  struct watched events;
};

struct figures;

struct launcher {
  struct connection thawd, shim;
  struct output out[2];
  enum process_state state;
  uint32_t process, flags; /* enum thaw_process_flag */
  int status;
  int signal;              /* what ended the process, where a signal did */
  uint32_t oom_kills;      /* of the container's, by its guest's kernel */
  struct oom_cgroup oom;   /* of a stand-in */
  struct figures *figures; /* of a stand-in whose cgroup says what its container uses */
  int stand_in;   /* this is one: descriptor that tells its maker what became of it, -1 once it has; 0 in all others */
  bool heard;     /* the process has begun */
  bool is_part;   /* the command is not over with it */
  bool cancelled; /* CANCEL was sent */
  bool done;
  int done_status;
  int64_t ended_ms;
  bool answered;      /* thawd has said something */
  bool taken;         /* thawd has read the request */
  int64_t take_by_ms; /* it must have by then */
  const char *socket_path;
  int64_t tell_at_ms; /* from then on it is said that thawd is starting; 0: never, or it was said */
  int64_t
      again_by_ms; /* the last of the thawds that died with the request unread must have been replaced; 0: none did */
  int take_error;  /* why it never will */
  uint32_t in_credit;
  bool in_eof;
  uint8_t detach[DETACH_MAX]; /* on a terminal: these, typed in a row, end the launcher, not the process */
  uint32_t detach_length, detach_seen;
  bool detaches;    /* they were typed: as soon as what came before is sent */
  uint64_t signals; /* bit n - 1: to be sent to the process once it is attached */
};

/* thaw.c */
extern bool quiet; /* nothing is said: what is written here is the container's */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t clock_ms(void);

/* offline.c: what still works without thawd; the exit status, when it returns */
bool works_offline(int argc, char **argv);
int offline(int argc, char **argv, const char *socket_path, int error);

/* wake.c */
bool is_runtime(int argc, char **argv); /* called as engines call theirs */
int wake_thawd(struct connection *connection, const char *socket_path,
               int signals_fd); /* after errno: 0, or -1 with errno */
int wake_again(struct launcher *launcher, const char *socket_path,
               int signals_fd); /* after a thawd that died with the request unread: 0, or -1 */

/* starting.c */
bool thawd_starts(const char *socket_path);
void starting_begin(struct launcher *launcher, const char *socket_path,
                    bool tells);               /* a person is told after a second, an engine is not */
void starting_tell(struct launcher *launcher); /* says once that thawd is starting, when it is time */
int starting_await(
    struct launcher *launcher,
    int signals_fd); /* after errno: 0 once thawd listens, or -1 with errno; a signal ends the launcher */

/* connection.c */
int connection_open(struct connection *connection, const char *path); /* 0, or -1 with errno */
void connection_put(struct connection *connection, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                    uint32_t length);
int connection_flush(struct connection *connection); /* -1: over */
/* Reads once and hands frames to the sink; -1: over or malformed. */
int connection_read(struct connection *connection, const struct frame_sink *sink, void *ctx);
void connection_close(struct connection *connection);

/* request.c: 0, or -1 after it said why */
int request_put(struct connection *thawd, int argc, char **argv, char **env);

/* stand_in.c: a process of dom0 in the place of a container's */
int stand_in_begin(struct launcher *launcher, struct fields *fields); /* -1: malformed */
void stand_in_tell(struct launcher *launcher, const char *text);      /* "" for all is well */
void stand_in_end(const struct launcher *launcher, int status) __attribute__((noreturn));

/* oom.c: a stand-in's cgroup of dom0 is to say what has happened in the guest's */
void oom_open(struct oom_cgroup *cgroup, const char *procs); /* the one of that cgroup.procs, or none */
void oom_show(const struct oom_cgroup *cgroup);              /* a process of it is killed for want of memory */

/* taken.c */
long wait_seconds(long by_default);                              /* THAW_WAIT, where it says a number */
void taken_begin(struct launcher *launcher, bool works_offline); /* the wait begins */
bool taken(struct launcher *launcher);
void taken_check(struct launcher *launcher); /* closes thawd's connection when the wait is over */

/* control.c: thawd's side */
extern const struct frame_sink control_sink;
void control_lost(struct launcher *launcher);

/* attach.c: the shim's side */
extern const struct frame_sink attach_sink;
void attach_begin(struct launcher *launcher, const char *path);
void attach_lost(struct launcher *launcher);
void attach_winsize(struct launcher *launcher);
void attach_detach(struct launcher *launcher); /* leaves the process to itself */

/* input.c */
bool input_wanted(const struct launcher *launcher);
void input_read(struct launcher *launcher);

/* output.c */
void output_init(struct output *output, int fd);
void output_free(struct output *output);
bool output_pending(const struct output *output);
void output_write(struct launcher *launcher, struct output *output);

/* signals.c */
int signals_init(void); /* descriptor that is readable when some came; -1 with errno */
int signals_anew(void); /* the same descriptor is another's after a fork: 0, or -1 with errno */
void signals_all(void); /* from now on all that can be caught are passed on */
void signals_take(struct launcher *launcher);
void signals_forward(struct launcher *launcher);

/* terminal.c */
bool terminal_size(struct thaw_winsize *size_out);
void terminal_raw(void);
void terminal_restore(void); /* async-signal-safe, idempotent */

/* loop.c: the exit status */
int loop_run(struct launcher *launcher, int signals_fd);

#endif
