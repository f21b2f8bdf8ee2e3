// SPDX-License-Identifier: Apache-2.0
/*
 * thaw's agent: PID 1 of a micro-domain. It says hello on two channels, runs containers through crun, carries their
 * streams, and freezes and wakes with the domain. In tests the same program runs as an ordinary process, with unix
 * sockets and files for vchan and xenstore.
 */
#include "archive/archive.h"
#include "base/log.h"
#include "base/options.h"
#include "container/runtime.h"
#include "freeze/freeze.h"
#include "main/boot.h"
#include "main/init.h"
#include "main/requests.h"
#include "main/signals.h"
#include "process/data_channel.h"
#include "proto.h"
#include "protocol/control.h"
#include "rootfs/mount.h"
#include "transport/store.h"

#include <errno.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

static void each_round(void) {
  agent_channel_round(agent_control_channel());
  agent_channel_round(agent_data_channel());
  agent_freeze_round();
}

static void power_off(void) {
  sync();
  reboot(RB_POWER_OFF);
}

int main(int argc, char **argv) {
  const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
  char domid[16] = "?";

  if (name && strcmp(name + 1, AGENT_INIT_NAME) == 0)
    return agent_init_run(argv + 1);

  if (name && strcmp(name, "/poweroff") == 0) {
    power_off();
    return 1;
  }
  if (argc > 0 && strcmp(argv[0], ARCHIVE_NAME) == 0)
    archive_main(argv);
  if (agent_store_is_real())
    agent_boot();
  else
    agent_options_parse(argv);
  if (!agent_store_open())
    agent_die("Cannot reach xenstore: %s", strerror(errno));
  if (!agent_store_write(THAW_XS_STATE, "booting"))
    agent_die("Cannot write to xenstore: %s", strerror(errno));
  agent_runtime_seal();
  agent_signals_init();
  agent_requests_init();
  agent_data_init();
  agent_mount_init();
  agent_freeze_init();
  agent_channel_open(agent_control_channel());
  agent_channel_open(agent_data_channel());
  if (!agent_store_write(THAW_XS_STATE, "running"))
    agent_die("Cannot write to xenstore: %s", strerror(errno));
  agent_store_read("domid", domid, sizeof domid);
  agent_log("running as domain %s", domid);
  for (;;)
    agent_loop_turn(each_round);
}
