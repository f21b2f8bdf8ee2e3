// SPDX-License-Identifier: Apache-2.0
/* Asks the kernel for the rights that its version of Landlock knows (Documentation/userspace-api/landlock.rst). */
#include "confine/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Without the second version, a rename between folders would always be refused. */
enum { LEAST_VERSION = 2, TRUNCATE_VERSION = 3, NET_VERSION = 4, IOCTL_VERSION = 5, SCOPE_VERSION = 6 };

/* all rights of the second version: LANDLOCK_ACCESS_FS_REFER is the highest */
#define FILES_BASE ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
/* The rights to make devices are also those to rename and link them; no capability lets the server make one. */
#define NEVER (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

int confine_landlock(int root) {
  struct landlock_ruleset_attr attributes = {.handled_access_fs = FILES_BASE};
  struct landlock_path_beneath_attr below = {.parent_fd = root};
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  int rules, rc = -1, error;

  if (version < LEAST_VERSION)
    return version >= 0 || errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
  if (version >= TRUNCATE_VERSION)
    attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= NET_VERSION)
    attributes.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
  if (version >= IOCTL_VERSION)
    attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  if (version >= SCOPE_VERSION)
    attributes.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  below.allowed_access = attributes.handled_access_fs & ~(uint64_t)NEVER;
  rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (rules < 0)
    return -1;
  if ((root < 0 || syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0) &&
      syscall(SYS_landlock_restrict_self, rules, 0) == 0)
    rc = 0;
  error = errno;
  close(rules);
  errno = error;
  return rc;
}
