// SPDX-License-Identifier: Apache-2.0
/* FILES: where do the folders and files come from that dom0 shares with this guest? */
#include "control.h"
#include "options.h"
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

/*
 * access=client: each of the guest's users has files opened for itself, and the guest's kernel checks what it may.
 * cache=mmap: what a file holds is asked for anew by each read, since dom0 and other guests may change it, and yet can
 * be mapped for writing.
 */
#define OPTIONS "trans=xen,version=9p2000.L,access=client,cache=mmap,msize=%u"

void agent_files_request(struct agent_request request, struct agent_fields *fields) {
  char tag[AGENT_NAME_MAX + 1], path[AGENT_PATH_MAX], options[128];

  if (!agent_fields_name(fields, tag) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "FILES is malformed");
    return;
  }
  agent_path(path, "%s/files", agent_options.run);
  snprintf(options, sizeof options, OPTIONS, THAW_FILES_MSIZE);
  if (!agent_path_make(path) || mount(tag, path, "9p", MS_NODEV | MS_NOSUID, options) != 0)
    agent_control_error(request, THAW_E_MOUNT, "Cannot mount the files of dom0: %s", strerror(errno));
  else
    agent_control_ok(request, NULL, 0);
}
