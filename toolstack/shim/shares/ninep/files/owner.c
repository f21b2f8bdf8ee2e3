// SPDX-License-Identifier: Apache-2.0
/* Sets the owner of created files through the thread's file system ids, so that a file has its owner from the
 * start. */
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
  /* without the bit the kernel drops capabilities together with file system id 0 */
  if (geteuid() != 0 || (bits >= 0 && (bits & SECBIT_NO_SETUID_FIXUP) != 0))
    return 0;
  return bits < 0 || prctl(PR_SET_SECUREBITS, (unsigned long)bits | SECBIT_NO_SETUID_FIXUP) != 0 ? errno : 0;
}

int owner_begin(uint32_t uid, uint32_t gid) {
  if (uid == UINT32_MAX || gid == UINT32_MAX)
    return EPERM;
  setfsgid(gid);
  setfsuid(uid);
  /* both report no failure; with an invalid id they return the current id */
  if ((uint32_t)setfsgid((gid_t)-1) == gid && (uint32_t)setfsuid((uid_t)-1) == uid)
    return 0;
  owner_end();
  return EPERM;
}

void owner_end(void) {
  setfsuid(geteuid());
  setfsgid(getegid());
}
