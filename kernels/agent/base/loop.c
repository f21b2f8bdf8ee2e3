// SPDX-License-Identifier: Apache-2.0
/* Runs the poll loop: one ppoll over every descriptor, then deadlines, then the channels' round. */
#define _GNU_SOURCE
#include "base/loop.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static struct agent_source *sources;
static struct agent_timer *timers;
static struct pollfd polled[AGENT_SOURCES_MAX];
static struct agent_source *polled_source[AGENT_SOURCES_MAX];
static int polled_count;
static bool again, heeds_suspend;

void agent_loop_add(struct agent_source *source) {
  if (source->listed)
    return;
  source->listed = true;
  source->previous = NULL;
  source->next = sources;
  if (sources)
    sources->previous = source;
  sources = source;
}

void agent_loop_remove(struct agent_source *source) {
  if (!source->listed)
    return;
  source->listed = false;
  if (source->previous)
    source->previous->next = source->next;
  else
    sources = source->next;
  if (source->next)
    source->next->previous = source->previous;
  for (int i = 0; i < polled_count; i++)
    if (polled_source[i] == source)
      polled_source[i] = NULL;
}

uint64_t agent_loop_now_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void agent_timer_clear(struct agent_timer *timer) {
  struct agent_timer **link = &timers;

  if (!timer->armed)
    return;
  while (*link && *link != timer)
    link = &(*link)->next;
  if (*link)
    *link = timer->next;
  timer->armed = false;
}

void agent_timer_set(struct agent_timer *timer, uint64_t after_ns) {
  struct agent_timer **link = &timers;

  agent_timer_clear(timer);
  timer->at_ns = agent_loop_now_ns() + after_ns;
  while (*link && (*link)->at_ns <= timer->at_ns)
    link = &(*link)->next;
  timer->next = *link;
  *link = timer;
  timer->armed = true;
}

void agent_loop_again(void) {
  again = true;
}

void agent_loop_heed_suspend(bool heeds) {
  heeds_suspend = heeds;
}

/*
 * Freezing for a suspend interrupts every wait. The kernel then resumes poll(), but epoll_wait() ends with EINTR
 * (signal(7), fs/eventpoll.c). The epoll set is used only while frozen, so it is made anew each time.
 */
static int wait_with_suspend(int timeout_ms) {
  struct epoll_event event;
  int epoll = epoll_create1(EPOLL_CLOEXEC), ready, error;

  if (epoll < 0)
    return -1;
  for (int i = 0; i < polled_count; i++) {
    event = (struct epoll_event){.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, polled[i].fd, &event);
  }
  ready = epoll_wait(epoll, &event, 1, timeout_ms);
  error = errno;
  close(epoll);
  errno = error;
  return ready;
}

static void fire_timers(void) {
  uint64_t now = timers ? agent_loop_now_ns() : 0;

  /* a timer that its callback sets again lands behind `now` and waits for the next round */
  while (timers && timers->at_ns <= now) {
    struct agent_timer *timer = timers;

    timers = timer->next;
    timer->armed = false;
    timer->fire(timer);
  }
}

static int wait_for_events(void) {
  struct timespec wait = {0, 0};
  uint64_t now;

  polled_count = 0;
  for (struct agent_source *source = sources; source; source = source->next) {
    if (source->fd < 0 || source->events == 0)
      continue;
    if (polled_count == AGENT_SOURCES_MAX)
      agent_die("Cannot wait: more than %d descriptors", AGENT_SOURCES_MAX);
    polled[polled_count] = (struct pollfd){.fd = source->fd, .events = source->events};
    polled_source[polled_count++] = source;
  }
  if (!again && timers) {
    now = agent_loop_now_ns();
    if (timers->at_ns > now) {
      wait.tv_sec = (time_t)((timers->at_ns - now) / 1000000000u);
      wait.tv_nsec = (long)((timers->at_ns - now) % 1000000000u);
    }
  }
  bool endless = !again && !timers, waits = !again;
  again = false;
  if (heeds_suspend && waits) {
    if (wait_with_suspend(endless ? -1 : (int)(wait.tv_sec * 1000 + wait.tv_nsec / 1000000 + 1)) < 0)
      return -1;
    endless = false;
    wait = (struct timespec){0, 0};
  }
  return ppoll(polled, (nfds_t)polled_count, endless ? NULL : &wait, NULL);
}

void agent_loop_turn(void (*each_round)(void)) {
  each_round();
  if (wait_for_events() < 0) {
    if (errno == EINTR)
      return;
    agent_die("Cannot wait for events: %s", strerror(errno));
  }
  for (int i = 0; i < polled_count; i++)
    if (polled[i].revents && polled_source[i])
      polled_source[i]->ready(polled_source[i], polled[i].revents);
  fire_timers();
}
