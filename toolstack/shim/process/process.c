// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps the shim's processes. thawd announces a process; the guest starts and ends it. The shim forgets an ended
 * process that leaves neither log nor status file, and the oldest ended one when it needs room.
 */
#include "main/shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logs/log.h"

struct process *process_find(struct shim *shim, uint32_t id) {
  struct process *process = shim->processes;

  while (process != NULL && process->id != id)
    process = process->next;
  return process;
}

static void process_free(struct process *process) {
  log_close(process->log);
  fifo_release(&process->in);
  free(process->status_path);
  free(process);
}

/* True while a frame of the process is being sent: a frame once begun must be finished. */
static bool process_sending(const struct shim *shim, const struct process *process) {
  return shim->guest_sender.body_left > 0 && shim->guest_sender.body == &process->in;
}

static bool process_spare(const struct shim *shim, const struct process *process) {
  bool has_ended = process->state == PROCESS_ENDED || (process->state == PROCESS_EXPECTED && process->dropped);

  return has_ended && process->client == NULL && process->status_path == NULL && !process_sending(shim, process);
}

/* Makes room for one more process. The list is in order of announcement. An unwritten status file keeps a process. */
static bool process_make_room(struct shim *shim) {
  struct process **link = &shim->processes;

  if (shim->process_count < SHIM_PROCESSES_MAX)
    return true;
  while (*link != NULL && !process_spare(shim, *link))
    link = &(*link)->next;
  if (*link == NULL)
    return false;
  struct process *oldest = *link;

  *link = oldest->next;
  process_free(oldest);
  shim->process_count--;
  return true;
}

/* Takes over both paths; NULL: no log, no status file. Returns NULL, or an error message for people. */
const char *process_expect(struct shim *shim, uint32_t id, uint32_t flags, char *log_path, char *status_path,
                           uint32_t *error_out) {
  static char text[300];
  struct process *process = NULL, **end = &shim->processes;
  const char *wrong = NULL;

  *error_out = THAW_E_STATE;
  if (shim->state == SHIM_LOST || shim->quit) {
    snprintf(text, sizeof text, "Cannot expect process %u: the sandbox is lost: %s", id, shim->lost);
    wrong = text;
    goto out;
  }
  if (process_find(shim, id) != NULL) {
    *error_out = THAW_E_EXISTS;
    wrong = "Cannot expect the process: its id is in use";
    goto out;
  }
  *error_out = THAW_E_BUSY;
  if (!process_make_room(shim) || (process = calloc(1, sizeof *process)) == NULL) {
    wrong = "Cannot expect the process: the sandbox has too many";
    goto out;
  }
  if (log_path != NULL) {
    process->log = log_open(log_path, shim->log_max);
    if (process->log == NULL) {
      snprintf(text, sizeof text, "Cannot open the log file: %s", strerror(errno));
      *error_out = THAW_E_INTERNAL;
      wrong = text;
    }
    log_path = NULL;
    if (wrong != NULL)
      goto out;
  }
  process->id = id;
  process->flags = flags;
  process->transient = process->log == NULL && status_path == NULL;
  process->status_path = status_path;
  status_path = NULL;
  process->out[0].credit = process->out[1].credit = THAW_WINDOW;
  while (*end != NULL)
    end = &(*end)->next;
  *end = process;
  shim->process_count++;
  process = NULL;
out:
  free(log_path);
  free(status_path);
  free(process);
  return wrong;
}

void process_end(struct shim *shim, struct process *process, const struct thaw_exit *exit, uint32_t oom_kills) {
  process->state = PROCESS_ENDED;
  process->exit = *exit;
  process->oom_kills = oom_kills;
  process->out[0].eof = process->out[1].eof = true;
  if (!process_sending(shim, process))
    fifo_release(&process->in);
  process->in_eof = process->in_eof_sent = true;
  process->signals = 0;
  log_close(process->log);
  process->log = NULL;
  status_write(shim, process);
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->watches)
      client_reply(client, THAW_EXIT, process->id, oom_kills, exit, sizeof *exit);
  }
}

/* Gives up the log and status file: a dropped process leaves no record, even if it starts after all. */
static void process_drop(struct process *process) {
  log_close(process->log);
  process->log = NULL;
  free(process->status_path);
  process->status_path = NULL;
  process->transient = process->dropped = true;
}

/* Acts only on a process of which no frame has come. */
void process_forget(struct shim *shim, struct process *process, uint32_t why) {
  static const char reason[] = "it is not known whether the process was started";
  struct client *client = process->client;

  if (process->state != PROCESS_EXPECTED || (why == THAW_FORGET_REFUSED && !process->transient))
    return;
  if (why == THAW_FORGET_REFUSED) {
    process->state = PROCESS_ENDED;
    process->out[0].eof = process->out[1].eof = true;
    process->in_eof = process->in_eof_sent = true;
    process->signals = 0;
  } else {
    process_drop(process);
  }
  if (client != NULL)
    client->end_sent = true;
  if (client != NULL && why == THAW_FORGET_LEFT) {
    client_reply(client, THAW_LOST, 0, 0, reason, sizeof reason - 1);
    client_detach(client);
  }
  process_sweep(shim);
}

void process_sweep(struct shim *shim) {
  struct process **link = &shim->processes;

  while (*link != NULL) {
    struct process *process = *link;

    /* input that was half sent when the process ended */
    if (process->state == PROCESS_ENDED && process->in.length > 0 && !process_sending(shim, process))
      fifo_release(&process->in);
    if (!process->transient || process->state != PROCESS_ENDED || process->client != NULL ||
        process_sending(shim, process)) {
      link = &process->next;
      continue;
    }
    *link = process->next;
    process_free(process);
    shim->process_count--;
  }
}

void process_free_all(struct shim *shim) {
  while (shim->processes != NULL) {
    struct process *process = shim->processes;

    shim->processes = process->next;
    process_free(process);
  }
  shim->process_count = 0;
}
