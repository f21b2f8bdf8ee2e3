// SPDX-License-Identifier: Apache-2.0
/* How the shim starts its sandbox's file server, and what it does when that ends. */
#include "files.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

extern char **environ;

static void answer(struct shim *shim, enum thaw_error error, const char *text) {
  for (struct client *client = shim->clients; client != NULL; client = client->next) {
    if (client->shares)
      client_reply(client, THAW_SHARED, 0, error, text, (uint32_t)strlen(text));
    client->shares = false;
  }
}

/* Nothing of the shim's is inherited but its log: every descriptor is closed at exec. Returns 0 or an errno. */
static int spawn(unsigned domid, int socket, pid_t *pid_out) {
  char number[16];
  char *argv[] = {"thaw-shim", "--files", number, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  int error;

  snprintf(number, sizeof number, "%u", domid);
  sigemptyset(&none);
  error = posix_spawn_file_actions_init(&actions);
  if (error != 0)
    return error;
  error = posix_spawnattr_init(&attributes);
  if (error != 0)
    goto out_actions;
  if ((error = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
      (error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK)) == 0 &&
      (error = posix_spawn_file_actions_adddup2(&actions, socket, FILES_SOCKET)) == 0)
    error = posix_spawn(pid_out, "/proc/self/exe", &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
out_actions:
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* Returns 0 or an errno. */
static int start(struct shim *shim, const uint8_t *payload, uint32_t length) {
  int pair[2], error;
  pid_t pid;

  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return errno;
  /* FILES_SOCKET itself would not lose its close-on-exec by being copied onto itself */
  error = pair[1] == FILES_SOCKET ? EBUSY : spawn(shim->transport->domid, pair[1], &pid);
  close(pair[1]);
  if (error == 0) {
    shim->files_pid = pid;
    shim->files_fd = pair[0];
    if (send(pair[0], payload, length, MSG_NOSIGNAL) != (ssize_t)length) {
      error = errno;
      files_end(shim);
    }
    return error;
  }
  close(pair[0]);
  return error;
}

void files_request(struct shim *shim, struct client *client, const uint8_t *payload, uint32_t length) {
  int error = 0;

  client->shares = true;
  if (shim->state == SHIM_LOST)
    answer(shim, THAW_E_STATE, shim->lost);
  else if (shim->files_pid != 0 || !shim->transport->ops->of_domain)
    answer(shim, THAW_E_STATE,
           shim->files_pid != 0 ? "Cannot share files: it does already" : "Cannot share files: there is no domain");
  else if ((error = start(shim, payload, length)) != 0)
    answer(shim, THAW_E_INTERNAL, strerror(error));
}

int files_fd(const struct shim *shim) {
  return shim->files_pid != 0 ? shim->files_fd : -1;
}

void files_woken(struct shim *shim) {
  char text[256];
  ssize_t n = recv(shim->files_fd, text, sizeof text - 1, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  text[n > 0 ? n : 0] = '\0';
  if (strcmp(text, FILES_SERVED) == 0 && !shim->files_served) {
    shim->files_served = true;
    answer(shim, 0, "");
    return;
  }
  files_end(shim);
  if (shim->files_served)
    shim_lost(shim, "its file server ended%s%s", n > 0 ? ": " : "", text);
  else
    answer(shim, THAW_E_INTERNAL, n > 0 ? text : "The file server ended before it served");
}

void files_end(struct shim *shim) {
  if (shim->files_pid == 0)
    return;
  close(shim->files_fd);
  kill(shim->files_pid, SIGKILL);
  /* one that waits for a disk ends when that answers */
  waitpid(shim->files_pid, NULL, WNOHANG);
  shim->files_pid = 0;
}
