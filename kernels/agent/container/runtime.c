// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps crun in a sealed memory file. crun runs from a sealed copy only, so that no container can reach its program
 * through /proc/PID/exe and write to it. Run by a path, crun makes a copy each time and executes itself twice more;
 * run from a sealed file, it does neither.
 */
#define _GNU_SOURCE
#include "container/runtime.h"

#include "base/log.h"
#include "base/options.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

/* crun requires all of these seals. */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int program = -1;

/* Returns false for a script: its interpreter opens it by name, and the agent's descriptor has no name there. */
static bool is_elf(int fd) {
  char magic[4];

  return pread(fd, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, "\177ELF", sizeof magic) == 0;
}

static bool copy(int to, int from) {
  struct stat file;
  off_t done = 0;

  if (fstat(from, &file) != 0)
    return false;
  while (done < file.st_size)
    if (sendfile(to, from, &done, (size_t)(file.st_size - done)) <= 0)
      return false;
  return fcntl(to, F_ADD_SEALS, SEALS) == 0;
}

void agent_runtime_seal(void) {
  int file = open(agent_options.runtime, O_RDONLY | O_CLOEXEC), memory = -1;

  if (file < 0 || !is_elf(file))
    goto out;
  memory = memfd_create("crun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (memory < 0 || !copy(memory, file)) {
    agent_log("%s stays a file: %s", agent_options.runtime, strerror(errno));
    goto out;
  }
  program = fcntl(memory, F_DUPFD_CLOEXEC, 3);
  /* a file of the initrd takes memory too */
  if (program >= 0 && agent_store_is_real())
    unlink(agent_options.runtime);
out:
  if (memory >= 0)
    close(memory);
  if (file >= 0)
    close(file);
}

int agent_runtime_program(void) {
  return program;
}
