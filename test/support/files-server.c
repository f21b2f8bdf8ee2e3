// SPDX-License-Identifier: Apache-2.0
/*
 * In place of the file server in the shim's own tests, which have no domain: it says what a path that it is asked for
 * says, and then waits as one does that nobody asks for anything.
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "files.h"

#include <signal.h>

int files_server_run(const char *domid) {
  static char message[FILES_MESSAGE_MAX];
  ssize_t n;

  (void)domid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  n = recv(FILES_SOCKET, message, sizeof message, 0);
  if (n <= 0)
    return 1;
  if (memmem(message, (size_t)n, "/refused", 8) != NULL) {
    send(FILES_SOCKET, "Cannot share /refused", 21, MSG_NOSIGNAL);
    return 1;
  }
  if (memmem(message, (size_t)n, "/slow", 5) == NULL)
    send(FILES_SOCKET, FILES_SERVED, strlen(FILES_SERVED), MSG_NOSIGNAL);
  while (recv(FILES_SOCKET, message, sizeof message, 0) > 0)
    continue;
  return 0;
}
