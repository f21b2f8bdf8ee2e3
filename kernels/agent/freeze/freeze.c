// SPDX-License-Identifier: Apache-2.0
/*
 * FREEZE and, from its answer on, HOLD: how does the guest become an image? In this order: answer, wait until dom0 has
 * closed both channels (it unmaps the rings), close them here (grants, event channels and nodes go), give back and
 * clear memory, write "frozen", wait for the wake node, or for what dom0 puts into a clone's memory in its place.
 * Whoever wakes, a clone or the template itself, does the same: new channels, "running", and a hello that counts the
 * wakes. The wake node says whether it is to be somebody new, or the same as before: then it keeps its identity, and
 * what it held goes on.
 */
#include "freeze/freeze.h"

#include "base/log.h"
#include "container/start.h"
#include "freeze/hold.h"
#include "freeze/scrub.h"
#include "freeze/vif_rings.h"
#include "guest/identity.h"
#include "process/data.h"
#include "protocol/control.h"
#include "transport/store.h"
#include "transport/suspend.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Nobody waits for a clone to say that it runs, and its hello would wait for the requests. */
#define TELL_AFTER_NS (50 * AGENT_MS)
/* A suspend that came just before the wait for its end: looked for so often. */
#define LOOK_AGAIN_NS (20 * AGENT_MS)
#define RELEASE_DEADLINE_NS (5000 * AGENT_MS)
/* Two programs of dom0 have to let go then, one after the other. */
#define RELEASE_HELD_DEADLINE_NS (15000 * AGENT_MS)

static enum { AWAKE, PENDING, FROZEN } state;
static uint32_t wakes;
static struct agent_timer release_deadline, telling, looking;
static struct agent_source watch;
static bool keeps_rings;    /* dom0 was told where they are */
static bool store_has_news; /* the wake node may be there */
/* xenstore may not know this domain yet, and would not answer: not before it has told of a watch */
static bool tells_when_known;
static bool tells_when_told; /* what comes of the kernel's other watches is on its way */

static uint32_t count_wakes(void) {
  return wakes;
}

static bool store_answers(void) {
  return !tells_when_known;
}

static bool is_pending(void) {
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
  return agent_launch_is_busy() || agent_hold_is_under_way();
}

/* dom0 kept a channel open: to suspend now would carry its mapping into the image. */
static void give_up(struct agent_timer *timer) {
  (void)timer;
  agent_log("freeze: given up: dom0 did not close the channels in time");
  state = AWAKE;
  agent_hold_release();
  agent_loop_again();
}

static bool is_possible(void) {
  return state == AWAKE;
}

static void begin(void) {
  agent_timer_clear(&telling);
  agent_store_end_told();
  tells_when_known = tells_when_told = false;
  state = PENDING;
  keeps_rings = false;
  release_deadline = (struct agent_timer){.fire = give_up};
  agent_timer_set(&release_deadline, agent_hold_is_on() ? RELEASE_HELD_DEADLINE_NS : RELEASE_DEADLINE_NS);
}

/* Both channels' pages and the vif's, one after the other; 0 when not all of them can be told of. */
static size_t describe_rings(struct thaw_ring_page *pages_out, size_t most) {
  size_t control = agent_transport_describe(agent_control_channel()->transport, pages_out, most);
  size_t data = agent_transport_describe(agent_data_channel()->transport, pages_out + control, most - control);
  size_t channels = control + data;
  size_t vif = control && data ? agent_vif_rings(pages_out + channels, most - channels) : 0;

  return vif ? channels + vif : 0;
}

void agent_freeze_request(struct agent_request request, struct agent_fields *fields) {
  struct thaw_ring_page
      pages[2 + (2u << (THAW_CONTROL_RING_ORDER - 12)) + (2u << (THAW_DATA_RING_ORDER - 12)) + THAW_VIF_PAGES_MAX + 1];
  size_t count;

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
  count = describe_rings(pages, sizeof pages / sizeof *pages);
  agent_control_ok(request, pages, (uint32_t)(count * sizeof *pages));
  begin();
  keeps_rings = count > 0;
}

/*
 * Names and inodes that the image need not carry. Not what was read of files: that is little, part of what makes a
 * clone quick, and on the way Linux marks each page of memory files as on its way out, though they stay; it then never
 * maps such a page along with its neighbours, and crun, which is one, takes three hundred page faults more.
 */
static void drop_caches(void) {
  int fd;

  sync();
  fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  if (write(fd, "2", 1) != 1)
    agent_log("freeze: caches are kept");
  close(fd);
}

static void look_again(struct agent_timer *timer) {
  agent_timer_set(timer, LOOK_AGAIN_NS); /* the round that comes now looks */
}

static void freeze(void) {
  void (*end)(struct agent_channel *) = keeps_rings ? agent_channel_keep : agent_channel_close;

  agent_timer_clear(&release_deadline);
  end(agent_control_channel());
  end(agent_data_channel());
  if (agent_store_is_real()) {
    /* what a running container has read is part of what makes it quick */
    if (!agent_hold_is_on())
      drop_caches();
    agent_scrub();
  }
  state = FROZEN;
  store_has_news = true;
  if (keeps_rings) {
    looking = (struct agent_timer){.fire = look_again};
    agent_timer_set(&looking, LOOK_AGAIN_NS);
    agent_loop_heed_suspend(true);
  }
  write_state("frozen");
}

static void tell(void) {
  write_state("running");
  agent_store_remove(THAW_XS_WAKE); /* last: dom0 waits for the rest */
}

/*
 * That it runs means to dom0 that the kernel's drivers have read what xenstore says. Read later, the balloon's target
 * would take back what RESIZE brought meanwhile.
 */
static void tell_if_told(void) {
  if (!tells_when_told || !agent_store_is_told())
    return;
  tells_when_told = false;
  agent_store_end_told();
  tell();
}

static void ask_told(struct agent_timer *timer) {
  (void)timer;
  if (!agent_store_ask_told())
    agent_die("Cannot watch %s in xenstore", THAW_XS_STATE);
  tells_when_told = true;
  tell_if_told();
}

static void tell_soon(void) {
  telling = (struct agent_timer){.fire = ask_told};
  agent_timer_set(&telling, TELL_AFTER_NS);
}

static void wake(bool is_same) {
  if (!is_same)
    agent_identity_forget();
  wakes++;
  state = AWAKE;
  agent_timer_clear(&looking);
  agent_loop_heed_suspend(false);
  agent_channel_open(agent_control_channel());
  agent_channel_open(agent_data_channel());
  if (is_same) {
    agent_hold_release();
    tell();
  } else if (!tells_when_known) {
    tell_soon();
  }
}

void agent_freeze_round(void) {
  char value[8];

  if (state == PENDING && agent_channel_is_released(agent_control_channel()) &&
      agent_channel_is_released(agent_data_channel()))
    freeze();
  if (state == FROZEN && agent_transport_is_prepared()) {
    agent_store_drain(); /* what the template was told */
    tells_when_known = true;
    wake(false);
    return;
  }
  /* read after every request and event: a wake may have come while another answer was awaited, and so may this */
  tell_if_told();
  if (state != FROZEN || !store_has_news)
    return;
  store_has_news = false;
  if (agent_store_read(THAW_XS_WAKE, value, sizeof value) &&
      (strcmp(value, THAW_WAKE_NEW) == 0 || strcmp(value, THAW_WAKE_SAME) == 0))
    wake(strcmp(value, THAW_WAKE_SAME) == 0);
}

static void on_watch(struct agent_source *source, short revents) {
  (void)source;
  (void)revents;
  agent_store_drain();
  store_has_news = true;
  if (tells_when_known) {
    tells_when_known = false;
    tell_soon();
  }
}

void agent_freeze_init(void) {
  static const struct agent_suspend_hooks suspend = {
      .wakes = count_wakes, .is_pending = is_pending, .store_answers = store_answers};
  static const struct agent_hold_hooks hold = {.is_possible = is_possible, .begin = begin};

  agent_suspend_register(&suspend);
  agent_hold_init(&hold);
  watch = (struct agent_source){.fd = agent_store_fd(), .events = POLLIN, .ready = on_watch};
  agent_loop_add(&watch);
  if (!agent_store_watch(THAW_XS_WAKE))
    agent_die("Cannot watch %s in xenstore", THAW_XS_WAKE);
}
