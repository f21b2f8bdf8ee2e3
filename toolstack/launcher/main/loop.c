// SPDX-License-Identifier: Apache-2.0
/* Runs the launcher's poll loop and decides its exit status. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "main/launcher.h"
#include "stand-in/stats.h"

enum { AT_SIGNALS, AT_THAWD, AT_SHIM, AT_STDIN, AT_STDOUT, AT_STDERR, AT_STATS, AT_COUNT = AT_STATS + STATS_FILES };

static bool is_ended(const struct launcher *launcher) {
  return launcher->state >= PROCESS_ENDED;
}

/* True if the end of the command is known. The launcher still writes pending output before it ends. */
static bool is_finished(const struct launcher *launcher) {
  bool thawd_ended = launcher->done || launcher->thawd.fd < 0;

  if (launcher->state == PROCESS_NONE)
    return thawd_ended;
  if (launcher->done && launcher->done_status != 0)
    return true;
  if (!is_ended(launcher) || thawd_ended)
    return is_ended(launcher);
  return !launcher->is_part && clock_ms() - launcher->ended_ms >= CLEANUP_MS;
}

static int exit_status(struct launcher *launcher) {
  int status = launcher->status;

  if (launcher->done && (launcher->state == PROCESS_NONE || launcher->done_status != 0))
    status = launcher->done_status;
  else if (launcher->state == PROCESS_NONE || (launcher->is_part && !launcher->done))
    status = EXIT_TOOLSTACK;
  else if (launcher->state == PROCESS_DISCONNECTED)
    say("Lost the container's streams: its thaw-shim ended");
  if (status == 0 && (launcher->out[0].failed || launcher->out[1].failed))
    status = EXIT_TOOLSTACK;
  return status;
}

/* True while thawd's output has room; else its frames wait. The shim's output always has room: credit bounds it. */
static bool has_room(const struct launcher *launcher) {
  return launcher->out[0].thawd.length < THAW_WINDOW && launcher->out[1].thawd.length < THAW_WINDOW;
}

static short connection_events(const struct connection *connection, bool reads) {
  return (short)((reads ? POLLIN : 0) | (connection->out.length > 0 ? POLLOUT : 0));
}

static void poll_set(const struct launcher *launcher, int signals_fd, struct pollfd *fds) {
  const struct output *out = launcher->out;

  fds[AT_SIGNALS] = (struct pollfd){.fd = signals_fd, .events = POLLIN};
  fds[AT_THAWD] = (struct pollfd){.fd = has_room(launcher) ? launcher->thawd.fd : -1,
                                  .events = connection_events(&launcher->thawd, true)};
  fds[AT_SHIM] = (struct pollfd){.fd = launcher->shim.fd, .events = connection_events(&launcher->shim, true)};
  fds[AT_STDIN] = (struct pollfd){.fd = input_wanted(launcher) ? STDIN_FILENO : -1, .events = POLLIN};
  for (int i = 0; i < 2; i++)
    fds[AT_STDOUT + i] = (struct pollfd){.fd = output_pending(&out[i]) ? out[i].fd : -1, .events = POLLOUT};
  stats_poll(launcher, fds + AT_STATS);
}

static void turn(struct launcher *launcher, const struct pollfd *fds) {
  const short readable = POLLIN | POLLHUP | POLLERR;

  if ((fds[AT_SIGNALS].revents & POLLIN) != 0)
    signals_take(launcher);
  if ((fds[AT_SHIM].revents & readable) != 0 && launcher->shim.fd >= 0 &&
      connection_read(&launcher->shim, &attach_sink, launcher) != 0)
    attach_lost(launcher);
  if ((fds[AT_THAWD].revents & readable) != 0 && launcher->thawd.fd >= 0 &&
      connection_read(&launcher->thawd, &control_sink, launcher) != 0)
    control_lost(launcher);
  if ((fds[AT_STDIN].revents & (readable | POLLNVAL)) != 0 && input_wanted(launcher))
    input_read(launcher);
  stats_turn(launcher, fds + AT_STATS);
  for (int i = 0; i < 2; i++)
    output_write(launcher, &launcher->out[i]);
  if (connection_flush(&launcher->shim) != 0)
    fifo_release(&launcher->shim.out); /* the shim's last frames are still to be read */
  if (launcher->detaches && launcher->state == PROCESS_ATTACHED && launcher->shim.out.length == 0)
    attach_detach(launcher);
  if (connection_flush(&launcher->thawd) != 0)
    fifo_release(&launcher->thawd.out);
}

/* Returns the milliseconds that poll may wait; -1: no limit. */
static int patience(struct launcher *launcher) {
  int patience = stats_patience(launcher);

  if (is_ended(launcher) || (launcher->thawd.fd >= 0 && !request_taken(launcher)))
    return patience >= 0 && patience < 1000 ? patience : 1000;
  return patience;
}

int loop_run(struct launcher *launcher, int signals_fd) {
  struct pollfd fds[AT_COUNT];

  memset(fds, 0, sizeof fds);
  turn(launcher, fds);
  while (!is_finished(launcher) || output_pending(&launcher->out[0]) || output_pending(&launcher->out[1])) {
    poll_set(launcher, signals_fd, fds);
    if (poll(fds, AT_COUNT, patience(launcher)) < 0) {
      if (errno != EINTR) {
        say("Cannot poll: %s", strerror(errno));
        launcher->status = EXIT_TOOLSTACK;
        break;
      }
      memset(fds, 0, sizeof fds);
    }
    turn(launcher, fds);
    request_taken_check(launcher);
  }
  terminal_restore();
  connection_close(&launcher->thawd);
  connection_close(&launcher->shim);
  output_free(&launcher->out[0]);
  output_free(&launcher->out[1]);
  return exit_status(launcher);
}
