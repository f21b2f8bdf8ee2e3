// SPDX-License-Identifier: Apache-2.0
/*
 * FREEZE, and HOLD after its answer: freezes the guest for an image. The order: answer, wait until dom0 has closed
 * both channels (it unmaps the rings), close them here (which removes grants, event channels and nodes), free and
 * clear memory, write "frozen", wait for the wake node or for the struct thaw_wake that dom0 puts into a clone's
 * memory.
 * After a wake, a clone and the template do the same: open new channels, write "running", and send a hello that
 * counts the wakes. The wake node tells whether the guest gets a new identity. If not, it keeps its identity and its
 * held container resumes.
 */
#include "freeze/freeze.h"

#include "base/log.h"
#include "container/start.h"
#include "freeze/held_container.h"
#include "freeze/scrub.h"
#include "freeze/vif_rings.h"
#include "guest/identity.h"
#include "process/data_channel.h"
#include "protocol/control.h"
#include "transport/store.h"
#include "transport/suspend.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* No caller waits for a clone's "running", and its hello would wait for the requests to xenstore. */
#define TELL_AFTER_NS (50 * AGENT_MS)
/* Interval of a poll for a wake: a suspend may come just before the wait for its end. */
#define LOOK_AGAIN_NS (20 * AGENT_MS)
#define RELEASE_DEADLINE_NS (5000 * AGENT_MS)
/* Two programs of dom0 must close their channels then, one after the other. */
#define RELEASE_HELD_DEADLINE_NS (15000 * AGENT_MS)

static enum { AWAKE, PENDING, FROZEN } state;
static uint32_t wakes;
static struct agent_timer release_deadline, telling, looking;
static struct agent_source watch;
static bool keeps_rings;    /* dom0 knows where the rings are */
static bool store_has_news; /* the wake node may exist */
/* xenstore may not know this domain yet, and would not answer a request: wait for the first watch event */
static bool tells_when_known;
static bool tells_when_told; /* the events of the kernel's other watches have not arrived yet */

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

/* dom0 kept a channel open: a suspend now would carry dom0's mapping into the image. */
static void expire(struct agent_timer *timer) {
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
  release_deadline = (struct agent_timer){.fire = expire};
  agent_timer_set(&release_deadline, agent_hold_is_on() ? RELEASE_HELD_DEADLINE_NS : RELEASE_DEADLINE_NS);
}

/* Describes the pages of both channels and of the vif, in this order; 0 if any of them cannot be described. */
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
 * Drops dentries and inodes, which the image need not carry. Keeps the page cache: it is small and makes a clone
 * fast. To drop it, Linux would also mark each page of memory files as being reclaimed, although these pages stay.
 * Linux then maps such a page without its neighbours, and crun, which is a memory file, takes three hundred more page
 * faults.
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
  agent_timer_set(timer, LOOK_AGAIN_NS); /* the next round looks */
}

static void freeze(void) {
  void (*end)(struct agent_channel *) = keeps_rings ? agent_channel_keep : agent_channel_close;

  agent_timer_clear(&release_deadline);
  end(agent_control_channel());
  end(agent_data_channel());
  if (agent_store_is_real()) {
    /* caches that a running container has filled are part of what makes it fast */
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
  agent_store_remove(THAW_XS_WAKE); /* last: dom0 waits for this removal */
}

/*
 * "running" tells dom0 that the kernel's drivers have read their xenstore nodes. If the balloon read its target
 * later, it would take back the memory that RESIZE brought meanwhile.
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
    agent_store_drain(); /* events of the template */
    tells_when_known = true;
    wake(false);
    return;
  }
  /* checked after every request and event: an event may have arrived during the wait for another answer */
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
