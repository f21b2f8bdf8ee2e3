// SPDX-License-Identifier: Apache-2.0
/* Reports the sandbox's processes: answers STATUS, and has one lasting status file written for each process. */
#include "relay/relay.h"

#include <stdio.h>
#include <string.h>

#include "relay/to_monitor.h"

/* Reports the process's end, once. After a failure the main loop calls this again. */
void status_write(struct relay *relay, struct process *process) {
  struct call_status status = {0};

  if (!process->has_status)
    return;
  if (process->state == PROCESS_ENDED)
    status = (struct call_status){process->exit.kind, process->exit.value, process->oom_kills, 0};
  process->has_status = call_status(process->id, &status, process->state == PROCESS_ENDED ? "" : relay->lost) != 0;
  relay->status_due = relay->status_due || process->has_status;
}

static bool put_field(struct fifo *fifo, const void *bytes, uint32_t n) {
  return fifo_push(fifo, &n, sizeof n, THAW_DATA_MAX) == 0 && fifo_push(fifo, bytes, n, THAW_DATA_MAX) == 0;
}

void status_reply(struct relay *relay, struct client *client) {
  char text[220];
  struct fifo fields = {0};
  uint32_t side;
  bool ok;

  if (relay->state == RELAY_LOST)
    snprintf(text, sizeof text, "lost: %s", relay->lost);
  else
    snprintf(text, sizeof text, "%s", relay->state == RELAY_UP ? "up" : "waiting");
  ok = put_field(&fields, text, (uint32_t)strlen(text));
  for (struct process *process = relay->processes; ok && process != NULL; process = process->next) {
    struct thaw_status status = {
        .process = process->id, .flags = process->flags, .kind = process->exit.kind, .value = process->exit.value};

    if (process->state != PROCESS_EXPECTED)
      status.flags |= THAW_PROCESS_BEGUN;
    if (process->oom_kills > 0)
      status.flags |= THAW_PROCESS_OOM;

    ok = put_field(&fields, &status, sizeof status);
  }
  if (ok) {
    const uint8_t *bytes = fifo_peek(&fields, &side); /* no byte was taken out, so all bytes are contiguous */

    client_reply(client, THAW_STATUS, 0, 0, bytes, side);
  } else {
    client->broken = true;
  }
  fifo_release(&fields);
}

static bool is_status_due(struct relay *relay) {
  relay->status_due = false;
  for (struct process *process = relay->processes; process != NULL; process = process->next) {
    if (process->state == PROCESS_ENDED || process->state == PROCESS_LOST)
      relay->status_due |= process->has_status;
  }
  return relay->status_due;
}

/* Retries the status files whose writing failed. */
void status_retry(struct relay *relay) {
  if (!is_status_due(relay))
    return;
  for (struct process *process = relay->processes; process != NULL; process = process->next) {
    if (process->state == PROCESS_ENDED || process->state == PROCESS_LOST)
      status_write(relay, process);
  }
  is_status_due(relay);
}
