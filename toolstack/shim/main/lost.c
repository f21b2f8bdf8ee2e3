// SPDX-License-Identifier: Apache-2.0
/* Ends a sandbox: its domain or agent is lost, or thawd needs the shim no more. */
#include "main/shim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guest/guest_pause.h"
#include "guest/layer.h"
#include "logs/log.h"
#include "shares/shares.h"

/* Unmaps the channel first: a mapped ring would keep a dying domain a zombie. Only the first reason counts. */
void shim_lost(struct shim *shim, const char *format, ...) {
  va_list args;

  if (shim->state == SHIM_LOST)
    return;
  shim->state = SHIM_LOST;
  va_start(args, format);
  vsnprintf(shim->lost, sizeof shim->lost, format, args);
  va_end(args);
  shim->transport->ops->close(shim->transport);
  shares_end(shim);
  memset(&shim->guest_sender, 0, sizeof shim->guest_sender);
  layer_free_all(shim);
  pause_lost(shim);
  note(shim->quit ? NOTE_INFO : NOTE_WARN, "The sandbox is lost: %s", shim->lost);
  for (struct process *process = shim->processes; process != NULL; process = process->next) {
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
    status_write(shim, process);
    /* thawd gave up the process before its start, and itself tells the client why */
    if (shim->quit && !started && process->client != NULL)
      process->client->end_sent = true;
  }
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->watches)
      client_reply(client, THAW_LOST, 0, 0, shim->lost, (uint32_t)strlen(shim->lost));
  }
}
