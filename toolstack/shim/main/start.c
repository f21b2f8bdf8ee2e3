// SPDX-License-Identifier: Apache-2.0
/* Opens the socket and the watch on the domain before the loop runs. */
#include "main/loop.h"

#include <errno.h>
#include <string.h>

#include "clients/listen.h"

int loop_start(struct loop *loop) {
  loop->listen_fd = listen_open(loop->dir);
  if (loop->listen_fd < 0) {
    note(NOTE_ERROR, "Cannot make the socket in %s: %s", loop->dir,
         errno == EADDRINUSE ? "another thaw-shim has it" : strerror(errno));
    return -1;
  }
  loop->hello_by_ms = clock_ms() + loop->hello_ms;
  if (loop->transport.ops != &transport_vchan)
    return 0;
  loop->domain = domain_open(loop->transport.domid, loop->transport.path);
  if (loop->domain == NULL && errno == ESRCH)
    shim_lost(&loop->shim, "no such domain");
  else if (loop->domain == NULL)
    shim_lost(&loop->shim, "cannot watch the domain: %s", strerror(errno));
  return 0;
}
