// SPDX-License-Identifier: Apache-2.0
/* Which processes the shim knows: announced by thawd, started and ended by the guest, the oldest ended forgotten. */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

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

/* A frame once begun is finished, whatever became of its process meanwhile. */
static bool process_sending(const struct shim *shim, const struct process *process) {
  return shim->guest_sender.body_left > 0 && shim->guest_sender.body == &process->in;
}

/* Makes room for one more. The list is in order of announcement; a status file not yet written keeps its process. */
static bool process_room(struct shim *shim) {
  struct process **link = &shim->processes;

  if (shim->process_count < SHIM_PROCESSES_MAX)
    return true;
  while (*link != NULL && ((*link)->state != PROCESS_ENDED || (*link)->client != NULL || (*link)->status_path != NULL ||
                           process_sending(shim, *link)))
    link = &(*link)->next;
  if (*link == NULL)
    return false;
  struct process *oldest = *link;

  *link = oldest->next;
  process_free(oldest);
  shim->process_count--;
  return true;
}

/* Takes over both paths; log_path NULL: no log. Returns NULL, or what is wrong, for people. */
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
  if (!process_room(shim) || (process = calloc(1, sizeof *process)) == NULL) {
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

void process_end(struct shim *shim, struct process *process, const struct thaw_exit *exit) {
  process->state = PROCESS_ENDED;
  process->exit = *exit;
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
      client_reply(client, THAW_EXIT, process->id, 0, exit, sizeof *exit);
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
