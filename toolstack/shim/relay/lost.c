// SPDX-License-Identifier: Apache-2.0
/* Ends a sandbox: its domain or agent is lost, or thawd needs the sandbox no more. */
#include "relay/relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/guest/guest_pause.h"
#include "relay/guest/layer.h"
#include "relay/logs/log.h"
#include "relay/to_monitor.h"

/* Unmaps the channel first: a mapped ring would keep a dying domain a zombie. Only the first reason counts. */
void relay_lost(struct relay *relay, const char *format, ...) {
  va_list args;

  if (relay->state == RELAY_LOST)
    return;
  relay->state = RELAY_LOST;
  va_start(args, format);
  vsnprintf(relay->lost, sizeof relay->lost, format, args);
  va_end(args);
  relay->transport->ops->close(relay->transport);
  tell_monitor(MESSAGE_LOST, 0, 0, relay->lost, (uint32_t)strlen(relay->lost)); /* it unmaps the other rings */
  memset(&relay->guest_sender, 0, sizeof relay->guest_sender);
  layer_free_all(relay);
  pause_lost(relay);
  note(relay->quit ? NOTE_INFO : NOTE_WARN, "The sandbox is lost: %s", relay->lost);
  for (struct process *process = relay->processes; process != NULL; process = process->next) {
    if (process->state == PROCESS_ENDED)
      continue;
    bool started = process->state == PROCESS_STARTED;

    process->state = PROCESS_LOST;
    process->in_eof = process->in_eof_sent = true;
    process->signals = 0;
    fifo_release(&process->in);
    for (unsigned stream = THAW_STDOUT; process->log != NULL && stream <= THAW_STDERR; stream++)
      log_end(process->log, stream);
    log_close(process->log);
    process->log = NULL;
    status_write(relay, process);
    /* thawd gave up the process before its start, and itself tells the client why */
    if (relay->quit && !started && process->client != NULL)
      process->client->end_sent = true;
  }
  for (struct client *client = relay->clients; client != NULL; client = client->next) {
    if (client->watches)
      client_reply(client, THAW_LOST, 0, 0, relay->lost, (uint32_t)strlen(relay->lost));
  }
}
