// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps the sandbox's processes. thawd announces a process; the guest starts and ends it. The relay forgets an ended
 * process that leaves neither log nor status file, and the oldest ended one when it needs room.
 */
#include "relay/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logs/log.h"
#include "relay/to_monitor.h"

struct process *process_find(struct relay *relay, uint32_t id) {
  struct process *process = relay->processes;

  while (process != NULL && process->id != id)
    process = process->next;
  return process;
}

static void process_free(struct process *process) {
  log_close(process->log);
  fifo_release(&process->in);
  free(process);
}

/* True while a frame of the process is being sent: a frame once begun must be finished. */
static bool process_sending(const struct relay *relay, const struct process *process) {
  return relay->guest_sender.body_left > 0 && relay->guest_sender.body == &process->in;
}

static bool process_spare(const struct relay *relay, const struct process *process) {
  bool has_ended = process->state == PROCESS_ENDED || (process->state == PROCESS_EXPECTED && process->dropped);

  return has_ended && process->client == NULL && !process->has_status && !process_sending(relay, process);
}

/* Makes room for one more process. The list is in order of announcement. An unwritten status file keeps a process. */
static bool process_make_room(struct relay *relay) {
  struct process **link = &relay->processes;

  if (relay->process_count < RELAY_PROCESSES_MAX)
    return true;
  while (*link != NULL && !process_spare(relay, *link))
    link = &(*link)->next;
  if (*link == NULL)
    return false;
  struct process *oldest = *link;

  *link = oldest->next;
  process_free(oldest);
  relay->process_count--;
  return true;
}

const char *process_expect(struct relay *relay, uint32_t id, uint32_t flags, uint32_t files, uint32_t *error_out) {
  static char text[300];
  struct process *process = NULL, **end = &relay->processes;
  const char *wrong = NULL;

  *error_out = THAW_E_STATE;
  if (relay->state == RELAY_LOST || relay->quit) {
    snprintf(text, sizeof text, "Cannot expect process %u: the sandbox is lost: %s", id, relay->lost);
    wrong = text;
    goto out;
  }
  if (process_find(relay, id) != NULL) {
    *error_out = THAW_E_EXISTS;
    wrong = "Cannot expect the process: its id is in use";
    goto out;
  }
  *error_out = THAW_E_BUSY;
  if (!process_make_room(relay) || (process = calloc(1, sizeof *process)) == NULL) {
    wrong = "Cannot expect the process: the sandbox has too many";
    goto out;
  }
  if ((files & EXPECT_LOG) != 0 && (process->log = log_open(id, relay->log_max)) == NULL) {
    snprintf(text, sizeof text, "Cannot open the log file: %s", strerror(errno));
    *error_out = THAW_E_INTERNAL;
    wrong = text;
    goto out;
  }
  process->id = id;
  process->flags = flags;
  process->transient = files == 0;
  process->has_status = (files & EXPECT_STATUS) != 0;
  process->out[0].credit = process->out[1].credit = THAW_WINDOW;
  while (*end != NULL)
    end = &(*end)->next;
  *end = process;
  relay->process_count++;
  process = NULL;
out:
  free(process);
  if (wrong != NULL && files != 0)
    tell_monitor(MESSAGE_RELEASE, id, 0, NULL, 0);
  return wrong;
}

void process_end(struct relay *relay, struct process *process, const struct thaw_exit *exit, uint32_t oom_kills) {
  process->state = PROCESS_ENDED;
  process->exit = *exit;
  process->oom_kills = oom_kills;
  process->out[0].eof = process->out[1].eof = true;
  if (!process_sending(relay, process))
    fifo_release(&process->in);
  process->in_eof = process->in_eof_sent = true;
  process->signals = 0;
  log_close(process->log);
  process->log = NULL;
  status_write(relay, process);
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    if (client->watches)
      client_reply(client, THAW_EXIT, process->id, oom_kills, exit, sizeof *exit);
  }
}

/* Gives up the log and status file: a dropped process leaves no record, even if it starts after all. */
static void process_drop(struct process *process) {
  log_close(process->log);
  process->log = NULL;
  if (process->has_status)
    tell_monitor(MESSAGE_RELEASE, process->id, 0, NULL, 0);
  process->has_status = false;
  process->transient = process->dropped = true;
}

/* Acts only on a process of which no frame has come. */
void process_forget(struct relay *relay, struct process *process, uint32_t why) {
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
  process_sweep(relay);
}

void process_sweep(struct relay *relay) {
  struct process **link = &relay->processes;

  while (*link != NULL) {
    struct process *process = *link;

    /* input that was half sent when the process ended */
    if (process->state == PROCESS_ENDED && process->in.length > 0 && !process_sending(relay, process))
      fifo_release(&process->in);
    if (!process->transient || process->state != PROCESS_ENDED || process->client != NULL ||
        process_sending(relay, process)) {
      link = &process->next;
      continue;
    }
    *link = process->next;
    process_free(process);
    relay->process_count--;
  }
}

void process_free_all(struct relay *relay) {
  while (relay->processes != NULL) {
    struct process *process = relay->processes;

    relay->processes = process->next;
    process_free(process);
  }
  relay->process_count = 0;
}
