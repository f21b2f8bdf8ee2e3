// SPDX-License-Identifier: Apache-2.0
/* As whom the server makes files: the file system ids of its thread, so that a file has its owner from its first
 * moment. */
#include "shares/ninep/files/owner.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int owner_init(void) {
  int bits = prctl(PR_GET_SECUREBITS);

  umask(0);
  /* else the kernel takes capabilities away with file system id 0 */
  if (geteuid() != 0 || (bits >= 0 && (bits & SECBIT_NO_SETUID_FIXUP) != 0))
    return 0;
  return bits < 0 || prctl(PR_SET_SECUREBITS, (unsigned long)bits | SECBIT_NO_SETUID_FIXUP) != 0 ? errno : 0;
}

int owner_begin(uint32_t uid, uint32_t gid) {
  if (uid == UINT32_MAX || gid == UINT32_MAX)
    return EPERM;
  setfsgid(gid);
  setfsuid(uid);
  /* they say nothing of failure; with an id that is none they say what is set */
  if ((uint32_t)setfsgid((gid_t)-1) == gid && (uint32_t)setfsuid((uid_t)-1) == uid)
    return 0;
  owner_end();
  return EPERM;
}

void owner_end(void) {
  setfsuid(geteuid());
  setfsgid(getegid());
}
