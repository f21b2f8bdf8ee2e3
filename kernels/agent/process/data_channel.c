// SPDX-License-Identifier: Apache-2.0
/* Handles dom0's frames on the data channel and sends the processes' frames, one of each process in turn. */
#include "process/data_channel.h"

#include "process/input.h"
#include "process/output.h"
#include "process/process.h"
#include "process/stats.h"

#include <string.h>

static struct agent_channel channel;
static const struct agent_data_layers *layers;
static struct agent_process *turn; /* the process whose turn is next; NULL: the first */
static struct {
  struct thaw_frame header;
  uint8_t payload[THAW_DATA_MAX];
} out;
static uint8_t in[THAW_DATA_MAX + 1]; /* not allocated: no byte may be lost when memory is short */
static enum { STAYS, LEAVES, HAS_LEFT } client;

static bool accepts(uint32_t type) {
  return type == THAW_STREAM || type == THAW_EOF || type == THAW_CREDIT || type == THAW_SIGNAL ||
         type == THAW_WINSIZE || type == THAW_CGROUP_STATS || type == THAW_LAYER || type == THAW_LEAVE;
}

static bool serves(const struct agent_process *process) {
  return channel.greeted && process->generation == channel.generation && !process->awaits_client;
}

static void forget(const struct agent_process *process) {
  if (turn == process)
    turn = process->next;
}

/* Detaches the client: from now on its processes wait for the next client. */
static bool take_leave(const struct thaw_frame *header) {
  if (client != STAYS || header->length != 0 || header->arg != 0)
    return false;
  for (struct agent_process *process = agent_process_first(); process; process = process->next) {
    process->awaits_client |= serves(process);
    process->stats_asked = false;
  }
  client = LEAVES;
  return true;
}

/*
 * Gives the processes of a client that took leave to the new one. A held container's process stays as it is: BEGIN or
 * the end of the freeze decides about it.
 */
static void inherit(void) {
  for (struct agent_process *process = agent_process_first(); process && client == STAYS; process = process->next)
    if (process->awaits_client && process->state != AGENT_HELD) {
      process->awaits_client = false;
      process->generation = channel.generation;
    }
}

static bool take_credit(struct agent_process *process, const struct thaw_frame *header, const uint8_t *payload) {
  uint32_t bytes;

  if (header->length != sizeof bytes || (header->arg != THAW_STDOUT && header->arg != THAW_STDERR))
    return false;
  memcpy(&bytes, payload, sizeof bytes);
  return agent_output_credit(&process->outputs[header->arg == THAW_STDERR], bytes);
}

static bool take_eof(struct agent_process *process, const struct thaw_frame *header) {
  if (header->length != 0 || header->arg > THAW_STDERR)
    return false;
  if (header->arg == THAW_STDIN)
    return agent_input_eof(&process->input);
  agent_process_stop_reading(process, &process->outputs[header->arg == THAW_STDERR]);
  return true;
}

static bool take_winsize(struct agent_process *process, const struct thaw_frame *header, const uint8_t *payload) {
  struct thaw_winsize size;

  if (header->length != sizeof size)
    return false;
  memcpy(&size, payload, sizeof size);
  agent_process_resize(process, size.rows, size.cols);
  return true;
}

static bool frame(struct agent_channel *from, const struct thaw_frame *header, uint8_t *payload) {
  struct agent_process *process;

  (void)from;
  if (header->type == THAW_LAYER)
    return client == STAYS && layers->take(header, payload);
  if (header->id == 0)
    return header->type == THAW_LEAVE && take_leave(header);
  if (header->type == THAW_LEAVE || client != STAYS)
    return false;
  inherit();
  process = agent_process_by_id(header->id);
  /* dom0 may not know yet that a process has ended: its frames for the process are no error */
  if (!process || !serves(process))
    return true;
  switch (header->type) {
  case THAW_STREAM:
    return header->arg == THAW_STDIN && header->length > 0 &&
           agent_input_take(&process->input, payload, header->length);
  case THAW_EOF:
    return take_eof(process, header);
  case THAW_CREDIT:
    return take_credit(process, header, payload);
  case THAW_SIGNAL:
    return header->length == 0 && agent_process_signal(process, header->arg);
  case THAW_CGROUP_STATS:
    process->stats_asked = true;
    return header->length == 0 && header->arg == 0;
  default:
    return take_winsize(process, header, payload);
  }
}

static bool fill(uint32_t id, uint32_t type, uint32_t arg, uint32_t length) {
  out.header = (struct thaw_frame){length, type, id, arg};
  channel.out = (uint8_t *)&out;
  channel.out_length = sizeof out.header + length;
  channel.out_owned = false;
  return true;
}

/* Prepares the process's next frame; false: it has none now. */
static bool next_frame(struct agent_process *process) {
  uint32_t grant;

  if (process->state == AGENT_STARTING || process->state == AGENT_CREATED || process->state == AGENT_HELD)
    return false;
  /* EXIT is the process's last frame, even if its container exists until DELETE */
  if (process->is_exit_sent)
    return false;
  if (agent_input_grant(&process->input, &grant)) {
    memcpy(out.payload, &grant, sizeof grant);
    return fill(process->id, THAW_CREDIT, THAW_STDIN, sizeof grant);
  }
  if (process->stats_asked) {
    process->stats_asked = false;
    return fill(process->id, THAW_CGROUP_STATS, 0,
                (uint32_t)agent_process_stats(process, out.payload, sizeof out.payload));
  }
  for (int i = 0; i < 2; i++) {
    /* in turns: a flood on one stream must not delay the second */
    struct agent_output *output = &process->outputs[process->next_output ^= 1];
    size_t length = agent_output_read(output, out.payload, sizeof out.payload);

    if (length > 0)
      return fill(process->id, THAW_STREAM, output->stream, (uint32_t)length);
    if (output->has_ended && !output->is_eof_sent) {
      output->is_eof_sent = true;
      return fill(process->id, THAW_EOF, output->stream, 0);
    }
  }
  if (process->state == AGENT_EXITED && !process->is_exit_sent && process->outputs[0].is_eof_sent &&
      process->outputs[1].is_eof_sent) {
    process->is_exit_sent = true;
    memcpy(out.payload, &process->exit, sizeof process->exit);
    return fill(process->id, THAW_EXIT, process->oom_kills, sizeof process->exit);
  }
  return false;
}

static bool refill(struct agent_channel *to) {
  struct agent_process *start = turn ? turn : agent_process_first(), *process = start;

  (void)to;
  if (client != STAYS) {
    bool is_due = client == LEAVES;

    client = HAS_LEFT;
    return is_due && fill(0, THAW_LEAVE, 0, 0);
  }
  inherit();
  if (!start)
    return false;
  do {
    struct agent_process *after = process->next ? process->next : agent_process_first();

    if (serves(process) && next_frame(process)) {
      turn = after;
      agent_process_release(process);
      return true;
    }
    process = after;
  } while (process != start);
  return false;
}

static bool congested(struct agent_channel *from) {
  (void)from; /* each frame is taken at once: windows bound the input */
  return false;
}

static void lost(struct agent_channel *from) {
  struct agent_process *process = agent_process_first();

  (void)from;
  client = STAYS;
  layers->client_lost();
  while (process) {
    struct agent_process *after = process->next;

    process->stats_asked = false;
    agent_process_release(process);
    process = after;
  }
}

void agent_data_init(void) {
  static const struct agent_channel_rules rules = {
      .number = AGENT_DATA,
      .payload_max = THAW_DATA_MAX,
      .buffer = in,
      .accepts = accepts,
      .frame = frame,
      .refill = refill,
      .congested = congested,
      .lost = lost,
  };
  static const struct agent_process_channel processes = {.serves = serves, .forget = forget};

  agent_channel_init(&channel, &rules);
  agent_process_init(&processes);
}

void agent_data_take_layers(const struct agent_data_layers *its_layers) {
  layers = its_layers;
}

struct agent_channel *agent_data_channel(void) {
  return &channel;
}
