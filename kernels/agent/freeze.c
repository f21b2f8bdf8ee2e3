// SPDX-License-Identifier: Apache-2.0
/*
 * FREEZE: how does the guest become an image? In this order: answer, wait until dom0 has closed both
 * channels (it unmaps the rings), close them here (grants, event channels and nodes go), give back
 * and clear memory, write "frozen", wait for the wake node. Whoever wakes, a clone or the template itself, does
 * the same: new channels, "running", and a hello that counts the wakes.
 */
#include "freeze.h"

#include "control.h"
#include "data.h"
#include "identity.h"
#include "log.h"
#include "scrub.h"
#include "start.h"
#include "store.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define RELEASE_DEADLINE_NS (5000 * AGENT_MS)

static enum { AWAKE, PENDING, FROZEN } state;
static uint32_t wakes;
static struct agent_timer release_deadline;
static struct agent_source watch;

uint32_t agent_freeze_wakes(void) {
  return wakes;
}

bool agent_freeze_is_pending(void) {
  return state == PENDING;
}

static void write_state(const char *value) {
  if (!agent_store_write(THAW_XS_STATE, value))
    agent_die("Cannot write %s to xenstore", value);
}

static bool something_runs(void) {
  for (struct agent_process *process = agent_process_first(); process; process = process->next)
    if (!process->has_ended && process->state != AGENT_CREATED)
      return true;
  return agent_launch_is_busy();
}

/* dom0 kept a channel open: to suspend now would carry its mapping into the image. */
static void give_up(struct agent_timer *timer) {
  (void)timer;
  agent_log("freeze: given up: dom0 did not close the channels within 5 s");
  state = AWAKE;
  agent_loop_again();
}

void agent_freeze_request(struct agent_request request, struct agent_fields *fields) {
  if (!agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "FREEZE is malformed");
    return;
  }
  if (state != AWAKE || something_runs()) {
    agent_control_error(request, THAW_E_BUSY, state == AWAKE ? "A container runs" : "A freeze is under way");
    return;
  }
  if (!agent_store_remove(THAW_XS_WAKE)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot remove the wake node of an earlier freeze");
    return;
  }
  agent_control_ok(request, NULL, 0);
  state = PENDING;
  release_deadline = (struct agent_timer){.fire = give_up};
  agent_timer_set(&release_deadline, RELEASE_DEADLINE_NS);
}

/* Pages the image need not carry. */
static void drop_caches(void) {
  int fd;

  sync();
  fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (write(fd, "3", 1) != 1)
    agent_log("freeze: caches are kept");
  close(fd);
}

static void freeze(void) {
  agent_timer_clear(&release_deadline);
  agent_channel_close(agent_control_channel());
  agent_channel_close(agent_data_channel());
  if (agent_store_is_real()) {
    drop_caches();
    agent_scrub();
  }
  state = FROZEN;
  write_state("frozen");
}

static void wake(void) {
  agent_identity_forget();
  wakes++;
  state = AWAKE;
  agent_channel_open(agent_control_channel());
  agent_channel_open(agent_data_channel());
  write_state("running");
  agent_store_remove(THAW_XS_WAKE); /* last: dom0 waits for the rest */
}

void agent_freeze_round(void) {
  char value[8];

  if (state == PENDING && agent_channel_is_released(agent_control_channel()) &&
      agent_channel_is_released(agent_data_channel()))
    freeze();
  /* read after every request and event: a wake may have come while another answer was awaited */
  if (state == FROZEN && agent_store_read(THAW_XS_WAKE, value, sizeof value) && strcmp(value, "1") == 0)
    wake();
}

static void on_watch(struct agent_source *source, short revents) {
  (void)source;
  (void)revents;
  agent_store_drain();
}

void agent_freeze_init(void) {
  watch = (struct agent_source){.fd = agent_store_fd(), .events = POLLIN, .ready = on_watch};
  agent_loop_add(&watch);
  if (!agent_store_watch(THAW_XS_WAKE))
    agent_die("Cannot watch %s in xenstore", THAW_XS_WAKE);
}
