// SPDX-License-Identifier: Apache-2.0
/* Sends messages and calls to the monitor. The kernel ends a relay whose monitor has ended, but not at once. */
#include "relay/to_monitor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void tell_monitor(enum message_type type, uint32_t id, uint32_t arg, const void *payload, uint32_t length) {
  const struct message head = {type, id, arg, length};

  if (message_send(RELAY_LINK, &head, payload, -1, 0) != 0)
    _exit(1);
}

/* Returns the answer's errno. Its payload must have `size` bytes unless it is an error. */
static int call(const struct message *head, const void *payload, int fd, void *answer, size_t size, int *fd_out) {
  static uint8_t bytes[MESSAGE_MAX];
  struct message reply;
  int received = -1;

  if (message_send(RELAY_CALLS, head, payload, fd, 0) != 0 ||
      message_receive(RELAY_CALLS, &reply, bytes, &received, 0) != 1)
    _exit(1);
  if (reply.arg == 0 && (reply.length != size || (received < 0) != (fd_out == NULL)))
    reply.arg = received < 0 && fd_out != NULL ? EMFILE : EPROTO; /* no descriptor was left for the file */
  if (reply.arg == 0 && size > 0)
    memcpy(answer, bytes, size);
  if (reply.arg == 0 && fd_out != NULL)
    *fd_out = received;
  else if (received >= 0)
    close(received);
  return (int)reply.arg;
}

int call_grants(int device) {
  const struct message head = {.type = CALL_GRANTS};

  return call(&head, NULL, device, NULL, 0, NULL);
}

int call_log(uint32_t process, enum call_log how, int *fd_out, uint64_t *size_out) {
  const struct message head = {.type = CALL_LOG, .id = process, .arg = how};

  return call(&head, NULL, -1, size_out, sizeof *size_out, fd_out);
}

int call_status(uint32_t process, const struct call_status *status, const char *lost) {
  uint8_t payload[sizeof *status + 256];
  size_t length = strnlen(lost, sizeof payload - sizeof *status);
  const struct message head = {.type = CALL_STATUS, .id = process, .length = (uint32_t)(sizeof *status + length)};

  memcpy(payload, status, sizeof *status);
  memcpy(payload + sizeof *status, lost, length);
  return call(&head, payload, -1, NULL, 0, NULL);
}

int call_map(const uint32_t *refs, uint32_t count, uint64_t *offset_out) {
  const struct message head = {.type = CALL_MAP, .length = count * (uint32_t)sizeof *refs};

  return call(&head, refs, -1, offset_out, sizeof *offset_out, NULL);
}
