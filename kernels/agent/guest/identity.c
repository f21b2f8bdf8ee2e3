// SPDX-License-Identifier: Apache-2.0
/*
 * IDENTITY: gives the guest its identity. The random generator comes first: until then it has the same state in all
 * clones.
 */
#define _GNU_SOURCE
#include "guest/identity.h"

#include "base/options.h"
#include "base/path.h"
#include "protocol/control.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HOSTNAME_MAX 64
#define MACHINE_ID_LENGTH 32

static bool is_set;

bool agent_identity_is_set(void) {
  return is_set;
}

void agent_identity_forget(void) {
  is_set = false;
}

static bool reseed(const struct agent_field *seed) {
  union {
    struct rand_pool_info info;
    uint8_t bytes[sizeof(struct rand_pool_info) + THAW_SEED_MAX];
  } pool;
  int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  bool ok = false;

  if (fd < 0)
    return false;
  pool.info.entropy_count = (int)seed->length * 8;
  pool.info.buf_size = (int)seed->length;
  memcpy(pool.info.buf, seed->bytes, seed->length);
  ok = ioctl(fd, RNDADDENTROPY, &pool.info) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
  explicit_bzero(&pool, sizeof pool);
  explicit_bzero(seed->bytes, seed->length);
  close(fd);
  return ok;
}

static bool write_machine_id(const char *directory, const char *id) {
  char path[AGENT_PATH_MAX];
  int fd;
  bool ok;

  if (!agent_path_make(directory))
    return false;
  agent_path(path, "%s/machine-id", directory);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
  if (fd < 0)
    return false;
  ok = write(fd, id, MACHINE_ID_LENGTH + 1) == MACHINE_ID_LENGTH + 1;
  close(fd);
  return ok;
}

static bool set_clock(uint64_t realtime_ns) {
  struct timespec now = {(time_t)(realtime_ns / 1000000000u), (long)(realtime_ns % 1000000000u)};

  return realtime_ns == 0 || !agent_options.set_clock || clock_settime(CLOCK_REALTIME, &now) == 0;
}

static bool is_well_formed(const struct agent_field *seed, const struct agent_field *host,
                           const struct agent_field *machine) {
  if (seed->length < THAW_SEED_MIN || seed->length > THAW_SEED_MAX || host->length == 0 ||
      host->length > HOSTNAME_MAX || memchr(host->bytes, '\0', host->length) || machine->length != MACHINE_ID_LENGTH)
    return false;
  for (int i = 0; i < MACHINE_ID_LENGTH; i++)
    if (!isxdigit(machine->bytes[i]) || isupper(machine->bytes[i]))
      return false;
  return true;
}

void agent_identity_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_field seed, host, machine;
  struct thaw_identity body;
  char id[MACHINE_ID_LENGTH + 1];
  const char *failed = NULL;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_next(fields, &seed) ||
      !agent_fields_next(fields, &host) || !agent_fields_next(fields, &machine) || !agent_fields_at_end(fields) ||
      !is_well_formed(&seed, &host, &machine)) {
    agent_control_error(request, THAW_E_MESSAGE, "IDENTITY is malformed");
    return;
  }
  memcpy(id, machine.bytes, MACHINE_ID_LENGTH);
  id[MACHINE_ID_LENGTH] = '\n';
  if (!reseed(&seed))
    failed = "Cannot reseed the random generator";
  else if (sethostname((const char *)host.bytes, host.length) != 0)
    failed = "Cannot set the hostname";
  else if (!write_machine_id(agent_options.etc, id) || !write_machine_id(agent_options.run, id))
    failed = "Cannot write machine-id";
  else if (!set_clock(body.realtime_ns))
    failed = "Cannot set the clock";
  if (failed) {
    agent_control_error(request, THAW_E_INTERNAL, "%s: %s", failed, strerror(errno));
    return;
  }
  is_set = true;
  agent_control_ok(request, NULL, 0);
}
