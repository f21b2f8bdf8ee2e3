// SPDX-License-Identifier: Apache-2.0
// Implements fork_child() and polls pidfds.

#include "util/xen/children.hpp"

#include <algorithm>
#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

namespace thaw {

Children::~Children() {
  for (int fd : pidfds_)
    close(fd);
}

pid_t Children::fork_child(void *user) {
  auto *self = static_cast<Children *>(user);
  // The calling thread has all signals blocked, so no signal can come between fork and the reset of the handlers.
  pid_t pid = fork();
  if (pid == 0) {
    for (int signum = 1; signum < NSIG; signum++) {
      struct sigaction action;
      if (sigaction(signum, nullptr, &action) != 0 || action.sa_handler == SIG_IGN)
        continue;
      action = {};
      action.sa_handler = SIG_DFL;
      sigaction(signum, &action, nullptr);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    return 0;
  }
  if (pid > 0) {
    int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd >= 0)
      self->pidfds_.push_back(fd);
    else
      self->unwatched_.push_back(pid);
  }
  return pid;
}

void Children::before_poll(std::vector<pollfd> &fds, int *timeout_ms) const {
  for (int fd : pidfds_)
    fds.push_back({fd, POLLIN, 0});
  if (!unwatched_.empty() && (*timeout_ms < 0 || *timeout_ms > 50))
    *timeout_ms = 50;
}

bool Children::after_poll(const pollfd *fds, size_t count) {
  bool has_exited = !unwatched_.empty();
  for (size_t i = 0; i < count; i++) {
    if (fds[i].revents == 0)
      continue;
    has_exited = true;
    close(fds[i].fd);
    pidfds_.erase(std::find(pidfds_.begin(), pidfds_.end(), fds[i].fd));
  }
  // A reaped process is no longer a child: WNOWAIT would not find it, nor does kill(0).
  auto is_gone = [](pid_t pid) { return kill(pid, 0) != 0; };
  unwatched_.erase(std::remove_if(unwatched_.begin(), unwatched_.end(), is_gone), unwatched_.end());
  return has_exited;
}

} // namespace thaw
