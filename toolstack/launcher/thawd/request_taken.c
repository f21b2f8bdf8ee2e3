// SPDX-License-Identifier: Apache-2.0
/*
 * Detects whether thawd has read the request. systemd holds thawd's socket while thawd starts, so a connection can
 * succeed before thawd reads from it. The launcher then waits for at most THAW_WAIT seconds.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "main/launcher.h"

#define WAIT_S 120        /* above the 90 s that systemd gives thawd */
#define WAIT_OFFLINE_S 5  /* for commands that also work offline */
#define WAIT_MOST_S 86400 /* a day */

long wait_seconds(long by_default) {
  const char *text = getenv("THAW_WAIT");
  char *end = NULL;
  long seconds = text != NULL ? strtol(text, &end, 10) : 0;

  if (end == NULL || end == text || *end != '\0' || seconds < 0 || seconds > WAIT_MOST_S)
    seconds = by_default;
  return seconds;
}

void request_taken_begin(struct launcher *launcher, bool works_offline) {
  launcher->take_by_ms = clock_ms() + wait_seconds(works_offline ? WAIT_OFFLINE_S : WAIT_S) * 1000;
}

/* For a unix socket, SIOCOUTQ counts the bytes that the peer has not read. */
bool request_taken(struct launcher *launcher) {
  int unread;

  if (!launcher->taken && launcher->thawd.fd >= 0 && launcher->thawd.out.length == 0)
    launcher->taken = ioctl(launcher->thawd.fd, SIOCOUTQ, &unread) != 0 || unread == 0;
  return launcher->taken;
}

void request_taken_check(struct launcher *launcher) {
  if (launcher->thawd.fd < 0 || request_taken(launcher))
    return;
  if (clock_ms() < launcher->take_by_ms) {
    await_tell(launcher);
    return;
  }
  connection_close(&launcher->thawd);
  launcher->take_error = ETIMEDOUT;
}
