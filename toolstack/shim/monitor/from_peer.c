// SPDX-License-Identifier: Apache-2.0
/* Handles a peer's frames: keeps the paths, and passes the rest on to the relay. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/peer.h"
#include "monitor/records.h"
#include "shares/shares.h"

#define EXPECT_MAX 16384

int64_t peer_frame_most(const struct thaw_frame *frame) {
  switch (frame->type) {
  case THAW_EXPECT:
  case THAW_SAVE_FIDS:
    return EXPECT_MAX;
  case THAW_INJECT:
    return frame->id >= 1 && frame->id <= THAW_LAYERS_MAX ? EXPECT_MAX : -1;
  case THAW_SHARE:
    return SHARES_MESSAGE_MAX;
  case THAW_ATTACH:
  case THAW_STATUS:
  case THAW_QUIT:
  case THAW_PAUSE:
  case THAW_UNSHARE:
  case THAW_FORGET:
  case THAW_SIGNAL:
    return 0;
  default:
    return -1;
  }
}

/* Passes a frame on with another payload. */
static bool pass(struct monitor *monitor, struct peer *peer, const void *payload, uint32_t length) {
  struct thaw_frame frame = peer->head.frame;
  uint8_t bytes[sizeof frame + sizeof(uint32_t)];

  frame.length = length;
  memcpy(bytes, &frame, sizeof frame);
  if (length > 0)
    memcpy(bytes + sizeof frame, payload, length);
  peer->is_known = true;
  return tell_relay(monitor, MESSAGE_PEER, peer->number, bytes, (uint32_t)sizeof frame + length, -1);
}

/* Gives the connection to the relay. */
static bool attach(struct monitor *monitor, struct peer *peer) {
  if (peer->out.length > 0) {
    peer->broken = true; /* answers are due that the relay does not have */
    return true;
  }
  if (!tell_relay(monitor, MESSAGE_CLIENT, peer->is_known ? peer->number : 0, &peer->head.frame,
                  sizeof peer->head.frame, peer->fd))
    return false;
  close(peer->fd);
  peer->fd = -1;
  return true;
}

/* Returns NULL, or the reason why the paths are wrong. Both are the caller's. "" becomes NULL. */
static const char *take_paths(const struct peer *peer, char **log_out, char **status_out) {
  struct fields fields = {peer->payload, peer->head.frame.length};
  const char *wrong = NULL;

  *log_out = fields_next_string(&fields);
  *status_out = fields_next_string(&fields);
  if (*log_out != NULL && **log_out == '\0') {
    free(*log_out);
    *log_out = NULL;
  } else if (*log_out == NULL || **log_out != '/') {
    wrong = "Cannot expect the process: the log file has no absolute path";
  }
  if (*status_out != NULL && **status_out == '\0' && *log_out == NULL) {
    free(*status_out);
    *status_out = NULL;
  } else if (*status_out == NULL || **status_out != '/') {
    wrong = "Cannot expect the process: the status file has no absolute path";
  }
  return peer->head.frame.id == 0 || fields.left > 0 ? "Cannot expect the process: malformed message" : wrong;
}

/* The relay may call for the log as soon as it knows the process; calls are handled after this turn. */
static bool expect(struct monitor *monitor, struct peer *peer) {
  uint32_t id = peer->head.frame.id, files;
  char *log_path, *status_path;
  const char *wrong = take_paths(peer, &log_path, &status_path);
  bool done = true;

  if (wrong != NULL) {
    peer_reply(peer, THAW_ERROR, id, THAW_E_MESSAGE, wrong);
    goto out;
  }
  if (status_path != NULL && (wrong = records_refuse(monitor, id)) != NULL) {
    peer_reply(peer, THAW_ERROR, id, record_find(monitor, id) != NULL ? THAW_E_EXISTS : THAW_E_BUSY, wrong);
    goto out;
  }
  files = (log_path != NULL ? RECORD_LOG : 0) | (status_path != NULL ? RECORD_STATUS : 0);
  done = pass(monitor, peer, &files, sizeof files);
  if (done && status_path != NULL && record_add(monitor, id, log_path, status_path) == 0)
    log_path = status_path = NULL;
out:
  free(log_path);
  free(status_path);
  return done;
}

/* Sends no answer: the layer's mount in the guest shows the result, and an unreadable file ends the sandbox. */
static bool inject(struct monitor *monitor, struct peer *peer) {
  struct fields fields = {peer->payload, peer->head.frame.length};
  uint32_t number = peer->head.frame.id;
  char *path = fields_next_string(&fields), text[200];
  struct stat info = {0};
  uint64_t size;
  bool done, is_file = false;
  int fd = -1;

  if (path == NULL || *path != '/' || fields.left > 0) {
    snprintf(text, sizeof text, "cannot read layer %u: malformed message", number);
  } else if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0 || fstat(fd, &info) != 0) {
    snprintf(text, sizeof text, "cannot read layer %u (%s): %s", number, path, strerror(errno));
  } else if (!S_ISREG(info.st_mode) || info.st_size == 0) {
    snprintf(text, sizeof text, "cannot use layer %u (%s): it is empty, or no file", number, path);
  } else {
    is_file = true;
  }
  size = (uint64_t)info.st_size;
  done = is_file ? tell_relay(monitor, MESSAGE_LAYER, number, &size, sizeof size, fd)
                 : tell_relay(monitor, MESSAGE_LAYER, number, text, (uint32_t)strlen(text), -1);
  if (fd >= 0)
    close(fd);
  free(path);
  return done;
}

bool peer_frame(struct monitor *monitor, struct peer *peer) {
  const struct thaw_frame *frame = &peer->head.frame;

  switch (frame->type) {
  case THAW_ATTACH:
    return attach(monitor, peer);
  case THAW_EXPECT:
    return expect(monitor, peer);
  case THAW_INJECT:
    return inject(monitor, peer);
  case THAW_QUIT:
    monitor->quit = true; /* the loop does the rest */
    return true;
  case THAW_SHARE:
    if (frame->length <= sizeof(struct thaw_share))
      peer->broken = true;
    else
      shares_start(monitor, peer, frame->id, peer->payload, frame->length);
    return true;
  case THAW_UNSHARE:
    shares_stop(monitor, peer, frame->id);
    return true;
  case THAW_SAVE_FIDS:
    shares_snapshot(monitor, peer, frame->id, peer->payload, frame->length);
    return true;
  default:
    return pass(monitor, peer, NULL, 0);
  }
}
