// SPDX-License-Identifier: Apache-2.0
/*
 * Checks the agent's frames on the data channel. The guest is hostile: this file checks every number in a header, and
 * the first wrong one ends the sandbox.
 */
#include "relay/guest/guest_check.h"

#include "relay/guest/guest_pause.h"

#define HELLO_MAX 4096u

enum frame_verdict guest_bad(struct relay *relay, const struct thaw_frame *untrusted, const char *what) {
  relay_lost(relay, "protocol: %s (type 0x%x, process %u, arg %u, %u bytes)", what, untrusted->type, untrusted->id,
             untrusted->arg, untrusted->length);
  return FRAME_BAD;
}

static enum frame_verdict guest_head_stream(struct relay *relay, struct process *process,
                                            const struct thaw_frame *untrusted) {
  if (untrusted->arg != THAW_STDOUT && untrusted->arg != THAW_STDERR)
    return guest_bad(relay, untrusted, "no output stream");

  struct output *out = &process->out[untrusted->arg - THAW_STDOUT];

  if (out->eof)
    return guest_bad(relay, untrusted, "output after its end");
  if (untrusted->type == THAW_EOF)
    return untrusted->length == 0 ? FRAME_GATHER : guest_bad(relay, untrusted, "end of output with a payload");
  if (untrusted->length == 0 || untrusted->length > out->credit)
    return guest_bad(relay, untrusted, "output without credit");
  out->credit -= untrusted->length;
  relay->guest_process = process;
  return FRAME_PIECES;
}

static enum frame_verdict guest_head_process(struct relay *relay, struct process *process,
                                             const struct thaw_frame *untrusted) {
  switch (untrusted->type) {
  case THAW_STREAM:
  case THAW_EOF:
    return guest_head_stream(relay, process, untrusted);
  case THAW_CREDIT:
    if (untrusted->arg != THAW_STDIN || untrusted->length != sizeof(uint32_t))
      return guest_bad(relay, untrusted, "malformed credit");
    return FRAME_GATHER;
  case THAW_CGROUP_STATS:
    if (process->stats != STATS_SENT)
      return guest_bad(relay, untrusted, "stats that no client asked for");
    return untrusted->arg == 0 ? FRAME_GATHER : guest_bad(relay, untrusted, "malformed stats");
  case THAW_EXIT:
    if (untrusted->length != sizeof(struct thaw_exit))
      return guest_bad(relay, untrusted, "malformed exit");
    if (!process->out[0].eof || (!process->out[1].eof && !(process->flags & THAW_PROCESS_TTY)))
      return guest_bad(relay, untrusted, "exit before the end of output");
    return FRAME_GATHER;
  default:
    return guest_bad(relay, untrusted, "unknown frame");
  }
}

enum frame_verdict guest_head(void *ctx, const struct thaw_frame *untrusted) {
  struct relay *relay = ctx;

  if (untrusted->length > THAW_DATA_MAX)
    return guest_bad(relay, untrusted, "frame too long");
  if ((relay->state == RELAY_WAITING) != (untrusted->type == THAW_HELLO))
    return guest_bad(relay, untrusted, relay->state == RELAY_WAITING ? "no hello" : "second hello");
  if (untrusted->type == THAW_HELLO)
    return untrusted->length >= sizeof(struct thaw_hello) && untrusted->length <= HELLO_MAX
               ? FRAME_GATHER
               : guest_bad(relay, untrusted, "malformed hello");

  if (relay->pause == PAUSE_OVER)
    return guest_bad(relay, untrusted, "frame after its leave");
  if (untrusted->type == THAW_LEAVE)
    return pause_head(relay, untrusted);

  struct process *process = process_find(relay, untrusted->id);

  if (process == NULL)
    return guest_bad(relay, untrusted, "unknown process");
  if (process->state == PROCESS_ENDED)
    return guest_bad(relay, untrusted, "frame after the exit");

  enum frame_verdict verdict = guest_head_process(relay, process, untrusted);

  /* The process counts as started from its first header on: forgetting it would free it under a half-read frame. */
  if (verdict != FRAME_BAD && process->state == PROCESS_EXPECTED)
    process->state = PROCESS_STARTED;
  return verdict;
}
