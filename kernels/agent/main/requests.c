// SPDX-License-Identifier: Apache-2.0
/* The table of requests and their handlers. */
#include "main/requests.h"

#include "archive/request.h"
#include "container/requests.h"
#include "freeze/freeze.h"
#include "freeze/held_container.h"
#include "guest/identity.h"
#include "guest/resize.h"
#include "network/netlink.h"
#include "network/network.h"
#include "protocol/control.h"
#include "rootfs/mount.h"
#include "rootfs/shares.h"
#include "rootfs/shm.h"

static void ping(struct agent_request request, struct agent_fields *fields) {
  agent_control_ok(request, fields->next, fields->left);
}

void agent_requests_init(void) {
  static const struct agent_handler handlers[] = {
      {THAW_PING, ping},
      {THAW_IDENTITY, agent_identity_request},
      {THAW_MOUNT, agent_mount_request},
      {THAW_RESIZE, agent_resize_request},
      {THAW_START, agent_start_request},
      {THAW_KILL, agent_kill_request},
      {THAW_DELETE, agent_delete_request},
      {THAW_UNMOUNT, agent_unmount_request},
      {THAW_FREEZE, agent_freeze_request},
      {THAW_CREATE, agent_create_request},
      {THAW_BEGIN, agent_begin_request},
      {THAW_EXEC, agent_exec_request},
      {THAW_HOLD, agent_hold_request},
      {THAW_NETWORK, agent_network_request},
      {THAW_NETLINK, agent_netlink_request},
      {THAW_STATS, agent_stats_request},
      {THAW_PROCESSES, agent_processes_request},
      {THAW_MOUNT_SHARE, agent_mount_share_request},
      {THAW_UNMOUNT_SHARE, agent_unmount_share_request},
      {THAW_FILL, agent_fill_request},
      {THAW_ARCHIVE, agent_archive_request},
      {THAW_LIMIT, agent_limit_request},
      {THAW_SHM, agent_shm_request},
  };

  agent_control_init(handlers, sizeof handlers / sizeof *handlers);
}
