// SPDX-License-Identifier: Apache-2.0
/*
 * Sends frames to the agent. The shim queues no frames: it makes each one from its process's due data when the
 * channel takes it, so a guest that does not read costs no memory.
 */
#include "relay/guest/guest_pause.h"
#include "relay/guest/layer.h"

static bool begin_signal(struct sender *sender, struct process *process) {
  unsigned number = (unsigned)__builtin_ctzll(process->signals) + 1;

  process->signals &= process->signals - 1;
  sender_small(sender, THAW_SIGNAL, process->id, number, NULL, 0);
  return true;
}

static bool begin_output(struct sender *sender, struct process *process, unsigned stream) {
  struct output *out = &process->out[stream - THAW_STDOUT];

  if (out->eof)
    return false;
  if (out->unread && !out->unread_sent) {
    out->unread_sent = true;
    sender_small(sender, THAW_EOF, process->id, stream, NULL, 0);
    return true;
  }
  if (out->owed < RELAY_CREDIT_STEP)
    return false;
  sender_small(sender, THAW_CREDIT, process->id, stream, &out->owed, sizeof out->owed);
  out->credit += out->owed;
  out->owed = 0;
  return true;
}

static bool begin_input(struct sender *sender, struct process *process) {
  uint32_t side;

  if (process->in.length > 0) {
    fifo_peek(&process->in, &side);
    sender_stream(sender, THAW_STREAM, process->id, THAW_STDIN, &process->in,
                  side < THAW_DATA_MAX ? side : THAW_DATA_MAX);
    return true;
  }
  if (!process->in_eof || process->in_eof_sent)
    return false;
  process->in_eof_sent = true;
  sender_small(sender, THAW_EOF, process->id, THAW_STDIN, NULL, 0);
  return true;
}

/* Begins a process's next due frame; false when no frame is due. */
static bool begin(struct sender *sender, struct process *process) {
  if (process->state != PROCESS_STARTED)
    return false;
  if (process->signals != 0)
    return begin_signal(sender, process);
  if (process->winsize_due) {
    process->winsize_due = false;
    sender_small(sender, THAW_WINSIZE, process->id, 0, &process->winsize, sizeof process->winsize);
    return true;
  }
  if (process->stats == STATS_DUE) {
    process->stats = STATS_SENT;
    sender_small(sender, THAW_CGROUP_STATS, process->id, 0, NULL, 0);
    return true;
  }
  return begin_output(sender, process, THAW_STDOUT) || begin_output(sender, process, THAW_STDERR) ||
         begin_input(sender, process);
}

static ssize_t write_some(void *ctx, const void *bytes, size_t n) {
  struct transport *transport = ctx;

  return transport->ops->write(transport, bytes, n);
}

/* Sends due frames until the channel is full or none is left: one frame of each process in turn, one of a layer. */
void guest_send(struct relay *relay) {
  struct sender *sender = &relay->guest_sender;
  bool sent = true;

  if (relay->state != RELAY_UP || pause_send(relay, write_some, relay->transport))
    return;
  while (sent) {
    sent = false;
    for (struct process *process = relay->processes; process != NULL; process = process->next) {
      if (sender_idle(sender) && !begin(sender, process))
        continue;
      sent = true;
      int rc = sender_flush(sender, write_some, relay->transport);

      /* a closed channel may still hold unread output: the next read finds the end */
      if (rc <= 0)
        return;
    }
    if (!sender_idle(sender) || layer_begin(relay)) {
      sent = true;
      if (sender_flush(sender, write_some, relay->transport) <= 0)
        return;
    }
  }
}
