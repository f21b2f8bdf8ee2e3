// SPDX-License-Identifier: Apache-2.0
/* Passes requests to their handlers and queues their answers. */
#include "protocol/control.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The agent takes no more requests while this many bytes of answers wait: a client must read them. */
#define CONGESTED_BYTES 65536u
#define ERROR_TEXT_MAX 4096

struct answer {
  struct answer *next;
  uint8_t *frame;
  size_t length;
};

static struct agent_channel channel;
static struct answer *first, **last = &first;
static size_t waiting_bytes;
static const struct agent_handler *handlers;
static size_t handler_count;

static bool accepts(uint32_t type) {
  for (size_t i = 0; i < handler_count; i++)
    if (handlers[i].type == type)
      return true;
  return false;
}

static bool frame(struct agent_channel *from, const struct thaw_frame *header, uint8_t *payload) {
  struct agent_request request = {header->id, from->generation};
  struct agent_fields fields = {payload, header->length};

  if (header->id == 0)
    return false;
  for (size_t i = 0; i < handler_count; i++)
    if (handlers[i].type == header->type)
      handlers[i].handle(request, &fields);
  return true;
}

static void too_large(struct agent_channel *from, const struct thaw_frame *header) {
  agent_control_error((struct agent_request){header->id, from->generation}, THAW_E_INTERNAL,
                      "No memory for a message of %u bytes", header->length);
}

static bool refill(struct agent_channel *to) {
  struct answer *answer = first;

  if (!answer)
    return false;
  first = answer->next;
  if (!first)
    last = &first;
  waiting_bytes -= answer->length;
  to->out = answer->frame;
  to->out_length = answer->length;
  to->out_owned = true;
  free(answer);
  return true;
}

static bool congested(struct agent_channel *from) {
  (void)from;
  return waiting_bytes > CONGESTED_BYTES;
}

static void lost(struct agent_channel *from) {
  (void)from;
  while (first) {
    struct answer *answer = first;

    first = answer->next;
    free(answer->frame);
    free(answer);
  }
  last = &first;
  waiting_bytes = 0;
}

bool agent_control_awaits(struct agent_request request) {
  return request.generation == channel.generation && agent_channel_has_client(&channel);
}

static void send_answer(struct agent_request request, uint32_t type, uint32_t arg, const void *payload, size_t size) {
  struct thaw_frame header = {(uint32_t)size, type, request.id, arg};
  struct answer *answer;

  if (!agent_control_awaits(request))
    return;
  answer = calloc(1, sizeof *answer);
  if (answer)
    answer->frame = agent_channel_make(&header, payload);
  if (!answer || !answer->frame) {
    free(answer);
    if (type == THAW_ERROR)
      agent_die("Cannot answer request %u: no memory", request.id);
    agent_control_error(request, THAW_E_INTERNAL, "No memory for an answer of %zu bytes", size);
    return;
  }
  answer->length = sizeof header + size;
  waiting_bytes += answer->length;
  *last = answer;
  last = &answer->next;
  agent_loop_again();
}

void agent_control_ok(struct agent_request request, const void *payload, size_t size) {
  send_answer(request, THAW_OK, 0, payload, size);
}

void agent_control_error(struct agent_request request, enum thaw_error error, const char *format, ...) {
  char text[ERROR_TEXT_MAX + 1];
  va_list args;
  int length;

  va_start(args, format);
  length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (length < 0)
    length = 0;
  send_answer(request, THAW_ERROR, error, text, strnlen(text, sizeof text - 1));
}

void agent_control_init(const struct agent_handler *its_handlers, size_t count) {
  static const struct agent_channel_rules rules = {
      .number = AGENT_CONTROL,
      .payload_max = THAW_CONTROL_MAX,
      .accepts = accepts,
      .frame = frame,
      .too_large = too_large,
      .refill = refill,
      .congested = congested,
      .lost = lost,
  };

  handlers = its_handlers;
  handler_count = count;
  agent_channel_init(&channel, &rules);
}

struct agent_channel *agent_control_channel(void) {
  return &channel;
}
