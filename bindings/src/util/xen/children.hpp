// SPDX-License-Identifier: Apache-2.0
// Notices the exit of libxl's children without SIGCHLD, which is libuv's. Every fork of a context goes through
// fork_child(), which keeps a pidfd. The context's thread polls the pidfds and tells libxl, which then reaps its own
// pids and no others.
#pragma once

#include <poll.h>
#include <sys/types.h>
#include <vector>

namespace thaw {

class Children {
public:
  ~Children();

  /// libxl_childproc_hooks.fork_replacement; `user` is a Children. The child gets default signal handlers and an
  /// empty mask, so that none of its signals reaches libuv's pipe, which it shares until it execs or exits.
  static pid_t fork_child(void *user);

  /// Appends the descriptors to poll. Sets *timeout_ms to at most 50 while some child has no pidfd.
  void before_poll(std::vector<pollfd> &fds, int *timeout_ms) const;

  /// True when some child may have exited; forgets those that have. `fds` are the entries that before_poll added.
  bool after_poll(const pollfd *fds, size_t count);

  size_t count() const {
    return pidfds_.size() + unwatched_.size();
  }

private:
  std::vector<int> pidfds_;
  std::vector<pid_t> unwatched_; ///< Children for which pidfd_open failed, for want of descriptors.
};

} // namespace thaw
