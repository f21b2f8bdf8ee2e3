// SPDX-License-Identifier: Apache-2.0
/* Opens the channel to the agent, and gives it up when the domain ends. */
#include "main/loop.h"

void channel_open(struct loop *loop) {
  struct shim *shim = &loop->shim;

  if (loop->transport.fd >= 0 || shim->state != SHIM_WAITING)
    return;
  int rc = loop->transport.ops->open(&loop->transport);

  if (rc > 0)
    domain_channel_is_open(loop->domain);
  else if (rc < 0)
    shim_lost(shim, "cannot open the channel");
}

/* Reads the output that the guest sent before its end before the ring is unmapped. */
void channel_domain_look(struct loop *loop) {
  const char *end;
  bool more = true;

  if (loop->domain == NULL || loop->shim.state == SHIM_LOST)
    return;
  end = domain_end(loop->domain);
  if (end == NULL)
    return;
  while (loop->transport.fd >= 0 && more)
    guest_read(&loop->shim, &more);
  shim_lost(&loop->shim, "%s", end);
}
