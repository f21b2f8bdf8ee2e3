// SPDX-License-Identifier: Apache-2.0
/* Has a 9P server stop and save its guest's open files, resume, or restore the open files of another server. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/descriptor.h"
#include "monitor/peer.h"
#include "shares/share_server.h"
#include "shares/shares.h"

static void reply(struct peer *peer, uint32_t device, enum thaw_error error, const char *text) {
  peer_reply(peer, THAW_FIDS_SAVED, device, error, text);
}

/* Returns -1 with errno on failure. */
static int tell(const struct share_server *server, const char *text, int fd) {
  return descriptor_send(server->socket, text, strlen(text), fd);
}

static void begin(struct share_server *server, struct peer *peer, const char *path) {
  char text[256];
  int fd, rc;

  if (server->snapshot != SHARES_SERVES) {
    reply(peer, server->device, THAW_E_STATE, "Cannot save the open files: the device's server was told to already");
    return;
  }
  server->snapshot_path = strdup(path);
  fd = server->snapshot_path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    snprintf(text, sizeof text, "Cannot make %.150s: %s", path, strerror(errno));
    goto out;
  }
  rc = tell(server, SHARES_SAVE, fd);
  snprintf(text, sizeof text, "Cannot save the open files: %s", strerror(errno));
  close(fd);
  if (rc != 0) {
    unlink(path);
    goto out;
  }
  server->snapshot = SHARES_SAVES;
  server->snapshot_peer = peer;
  return;
out:
  free(server->snapshot_path);
  server->snapshot_path = NULL;
  reply(peer, server->device, THAW_E_INTERNAL, text);
}

static void resume(struct share_server *server, struct peer *peer) {
  switch (server->snapshot) {
  case SHARES_SERVES:
    break;
  case SHARES_SAVES:
  case SHARES_CANCELS:
    /* only the latest requester gets the answer: an earlier one is gone or waits no more */
    server->snapshot = SHARES_CANCELS;
    server->snapshot_peer = peer;
    return;
  case SHARES_STOPPED:
    tell(server, SHARES_RESUME, -1); /* a server that cannot be reached has ended; shares_turn() notices that */
    server->snapshot = SHARES_SERVES;
  }
  reply(peer, server->device, 0, "");
}

void shares_snapshot(struct monitor *monitor, struct peer *peer, uint32_t device, const uint8_t *payload,
                     uint32_t length) {
  struct fields fields = {payload, length};
  char *path = fields_next_string(&fields);
  struct share_server *server = shares_find(monitor, device);

  if (path == NULL || fields.left > 0 || (*path != '/' && *path != '\0'))
    reply(peer, device, THAW_E_MESSAGE, "Cannot save the open files: the file has no absolute path");
  else if (monitor_lost(monitor) != NULL)
    reply(peer, device, THAW_E_STATE, monitor_lost(monitor));
  else if (server == NULL || server->socket < 0 || !server->served)
    reply(peer, device, THAW_E_STATE, "Cannot save the open files: the device has no server");
  else if (*path == '\0')
    resume(server, peer);
  else
    begin(server, peer, path);
  free(path);
}

bool shares_snapshot_receive(struct share_server *server, const char *text) {
  bool is_saved = strcmp(text, SHARES_SAVED) == 0, is_cancelled = server->snapshot == SHARES_CANCELS;
  size_t head = strlen(SHARES_NOT_SAVED);

  if (server->snapshot_path == NULL || (!is_saved && strncmp(text, SHARES_NOT_SAVED, head) != 0))
    return false;
  if (is_cancelled || !is_saved)
    unlink(server->snapshot_path);
  if (is_cancelled && is_saved)
    tell(server, SHARES_RESUME, -1);
  server->snapshot = is_saved && !is_cancelled ? SHARES_STOPPED : SHARES_SERVES;
  if (server->snapshot_peer != NULL && (is_cancelled || is_saved))
    reply(server->snapshot_peer, server->device, 0, "");
  else if (server->snapshot_peer != NULL)
    reply(server->snapshot_peer, server->device, THAW_E_STATE, text + head);
  server->snapshot_peer = NULL;
  free(server->snapshot_path);
  server->snapshot_path = NULL;
  return true;
}

void shares_snapshot_end(struct share_server *server) {
  if (server->snapshot_path != NULL)
    unlink(server->snapshot_path);
  if (server->snapshot_peer != NULL)
    reply(server->snapshot_peer, server->device, THAW_E_INTERNAL,
          "The file server ended before it had saved the open files");
  server->snapshot_peer = NULL;
  free(server->snapshot_path);
  server->snapshot_path = NULL;
}

bool shares_snapshot_open(const uint8_t *payload, uint32_t *length, int *fd_out, char *text, size_t size) {
  struct fields fields = {payload + sizeof(struct thaw_share), *length - sizeof(struct thaw_share)};
  struct thaw_share share;
  struct stat info;
  const uint8_t *bytes;
  uint32_t n, exports;
  char *path;
  int fd;

  *fd_out = -1;
  memcpy(&share, payload, sizeof share);
  exports = share.exports < THAW_EXPORTS_MAX ? share.exports : THAW_EXPORTS_MAX;
  for (uint32_t i = 0; i < 2 * exports; i++)
    if (!fields_next(&fields, &bytes, &n))
      return true; /* the server reports the malformed message */
  if (fields.left == 0)
    return true;
  *length -= (uint32_t)fields.left;
  path = fields_next_string(&fields);
  if (path == NULL || *path != '/' || fields.left > 0) {
    free(path);
    snprintf(text, size, "Cannot share files: the fid snapshot has no absolute path");
    return false;
  }
  fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    snprintf(text, size, "Cannot restore %.150s: %s", path, fd < 0 ? strerror(errno) : "it is no file");
    if (fd >= 0)
      close(fd);
    fd = -1;
  }
  free(path);
  *fd_out = fd;
  return fd >= 0;
}
