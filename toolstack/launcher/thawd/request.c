// SPDX-License-Identifier: Apache-2.0
/* Packs the request for thawd into one frame: working directory, arguments, environment and terminals. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/launcher.h"

static void put_field(uint8_t **at, const char *text) {
  uint32_t length = (uint32_t)strlen(text);

  memcpy(*at, &length, sizeof length);
  memcpy(*at + sizeof length, text, length);
  *at += sizeof length + length;
}

static uint32_t measure(char **strings, size_t *size) {
  uint32_t n = 0;

  for (; strings[n] != NULL; n++)
    *size += sizeof(uint32_t) + strlen(strings[n]);
  return n;
}

int request_put(struct connection *thawd, int argc, char **argv, char **env) {
  struct thaw_request request = {.version = THAW_PROTO_VERSION, .argc = (uint32_t)argc};
  struct thaw_winsize winsize;
  char *cwd = getcwd(NULL, 0); /* NULL if the directory was removed: thawd could not use it either */
  const char *folder = cwd != NULL ? cwd : "";
  size_t size = sizeof request + sizeof(uint32_t) + strlen(folder);
  uint8_t *payload = NULL, *at;
  int rc = -1;

  for (int fd = 0; fd <= 2; fd++)
    request.ttys |= (isatty(fd) ? 1u : 0u) << fd;
  if (terminal_size(&winsize)) {
    request.rows = winsize.rows;
    request.cols = winsize.cols;
  }
  measure(argv, &size);
  request.envc = measure(env, &size);
  if (size > THAW_CONTROL_MAX) {
    say("Cannot send the command: its arguments and environment take %zu bytes; at most %u fit", size,
        THAW_CONTROL_MAX);
    goto out;
  }
  payload = at = malloc(size);
  if (payload == NULL) {
    say("Out of memory");
    goto out;
  }
  memcpy(at, &request, sizeof request);
  at += sizeof request;
  put_field(&at, folder);
  for (; *argv != NULL; argv++)
    put_field(&at, *argv);
  for (; *env != NULL; env++)
    put_field(&at, *env);
  connection_put(thawd, THAW_REQUEST, 0, 0, payload, (uint32_t)size);
  rc = 0;
out:
  free(payload);
  free(cwd);
  return rc;
}
