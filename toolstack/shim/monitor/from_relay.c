// SPDX-License-Identifier: Apache-2.0
/*
 * Handles the relay's messages and calls. They are untrusted: each can only reach the relay's own peers, the files of
 * its own processes, and grants of its own domain.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/peer.h"
#include "monitor/records.h"
#include "shares/shares.h"

/* Peers and the domain get their turn behind a flood. */
#define MESSAGES_PER_TURN 64

/* Copies text of at most `size` - 1 bytes into one line. */
static void take_text(char *text, size_t size, const uint8_t *untrusted, uint32_t length) {
  size_t n = length < size - 1 ? length : size - 1;

  for (size_t i = 0; i < n; i++)
    text[i] = untrusted[i] < ' ' || untrusted[i] == 0x7f ? '?' : (char)untrusted[i];
  text[n] = '\0';
}

static void hear(struct monitor *monitor, const struct message *untrusted, const uint8_t *untrusted_payload) {
  struct peer *peer;
  struct record *record;

  switch (untrusted->type) {
  case MESSAGE_REPLY:
    peer = peer_find(monitor, untrusted->id);
    if (peer != NULL && peer->fd >= 0)
      peer_push(peer, untrusted_payload, untrusted->length);
    return;
  case MESSAGE_DROP:
    peer = peer_find(monitor, untrusted->id);
    if (peer != NULL) {
      peer->ends = true;
      peer->is_known = false;
    }
    return;
  case MESSAGE_RELEASE:
    record = record_find(monitor, untrusted->id);
    if (record != NULL)
      record_remove(monitor, record);
    return;
  case MESSAGE_MAPPED:
    channel_mapped(monitor, untrusted->arg == 1);
    return;
  case MESSAGE_CLOSED:
    monitor->channel.state = CHANNEL_CLOSED;
    return;
  case MESSAGE_LOST:
    if (monitor->is_lost)
      return;
    take_text(monitor->lost, sizeof monitor->lost, untrusted_payload, untrusted->length);
    monitor->is_lost = true;
    monitor->lost_by_ms = 0;
    shares_end(monitor);
    return;
  default:
    note(NOTE_WARN, "The relay sent an unknown message (%u)", untrusted->type);
  }
}

/* Returns 1 for a message, 0 for none now, -1 for the relay's end. */
static int receive(int *socket, struct message *head, uint8_t *payload, int *fd_out) {
  int rc = message_receive(*socket, head, payload, fd_out, MSG_DONTWAIT);

  if (rc == 1)
    return 1;
  if (rc < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return 0;
  if (rc < 0 && errno != ECONNRESET)
    note(NOTE_ERROR, "The relay's message is malformed: %s", strerror(errno));
  return -1;
}

bool relay_hear(struct monitor *monitor) {
  static uint8_t untrusted_payload[MESSAGE_MAX];
  struct message untrusted;

  for (int i = 0; i < MESSAGES_PER_TURN; i++) {
    int fd, rc = receive(&monitor->link, &untrusted, untrusted_payload, &fd);

    if (rc <= 0)
      return rc == 0;
    if (fd >= 0)
      close(fd); /* no message of the link has one */
    hear(monitor, &untrusted, untrusted_payload);
  }
  return true;
}

static int call_status(struct monitor *monitor, const struct message *untrusted, const uint8_t *untrusted_payload) {
  struct record *record = record_find(monitor, untrusted->id);
  struct call_status status;
  char lost[200];

  if (record == NULL)
    return 0; /* the relay calls again for a status that was written while it called */
  if (untrusted->length < sizeof status)
    return EPROTO;
  memcpy(&status, untrusted_payload, sizeof status);
  take_text(lost, sizeof lost, untrusted_payload + sizeof status, untrusted->length - (uint32_t)sizeof status);
  return record_status(monitor, record, &status, lost);
}

static int call_log(struct monitor *monitor, const struct message *untrusted, int *fd_out, uint64_t *size_out) {
  const struct record *record = record_find(monitor, untrusted->id);

  if (record == NULL || (untrusted->arg != LOG_OPEN && untrusted->arg != LOG_ROTATE))
    return ENOENT;
  return record_log(record, (enum call_log)untrusted->arg, fd_out, size_out);
}

static int call_map(struct monitor *monitor, const struct message *untrusted, const uint8_t *untrusted_payload,
                    uint64_t *offset_out) {
  uint32_t refs[CHANNEL_PAGES_MAX], count = untrusted->length / (uint32_t)sizeof *refs;

  if (count < 1 || count > CHANNEL_PAGES_MAX || untrusted->length != count * sizeof *refs)
    return EINVAL;
  memcpy(refs, untrusted_payload, untrusted->length);
  return channel_map(&monitor->channel, refs, count, offset_out);
}

/* Takes over the descriptor of CALL_GRANTS. */
static int take_grants(struct channel *channel, int fd) {
  if (fd < 0 || channel->grants >= 0 || !channel->is_vchan)
    return EINVAL;
  channel->grants = fd;
  return 0;
}

bool relay_hear_call(struct monitor *monitor) {
  static uint8_t untrusted_payload[MESSAGE_MAX];
  struct message untrusted, answer = {0};
  uint64_t value = 0;
  int received, fd = -1, rc = receive(&monitor->calls, &untrusted, untrusted_payload, &received);

  if (rc <= 0)
    return rc == 0;
  answer.type = untrusted.type;
  switch (untrusted.type) {
  case CALL_GRANTS:
    answer.arg = (uint32_t)take_grants(&monitor->channel, received);
    if (answer.arg == 0)
      received = -1;
    break;
  case CALL_LOG:
    answer.arg = (uint32_t)call_log(monitor, &untrusted, &fd, &value);
    answer.length = sizeof value;
    break;
  case CALL_STATUS:
    answer.arg = (uint32_t)call_status(monitor, &untrusted, untrusted_payload);
    break;
  case CALL_MAP:
    answer.arg = (uint32_t)call_map(monitor, &untrusted, untrusted_payload, &value);
    answer.length = sizeof value;
    break;
  default:
    answer.arg = EINVAL;
  }
  if (answer.arg != 0)
    answer.length = 0;
  /* a relay that calls before it has read its answers is a guest's */
  rc = message_send(monitor->calls, &answer, &value, answer.arg == 0 ? fd : -1, MSG_DONTWAIT);
  if (fd >= 0)
    close(fd);
  if (received >= 0)
    close(received);
  return rc == 0;
}
