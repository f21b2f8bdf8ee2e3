// SPDX-License-Identifier: Apache-2.0
// How the exit of libxl's children is noticed without SIGCHLD, which is libuv's: every fork of a context goes through
// fork_child(), which keeps a pidfd; the context's thread polls those and tells libxl, which then reaps its own pids
// and no others.
#pragma once

#include <poll.h>
#include <sys/types.h>
#include <vector>

namespace thaw {

class Children {
public:
  ~Children();

  /// libxl_childproc_hooks.fork_replacement; `user` is a Children. The child gets default signal handlers and an empty
  /// mask, so that no signal of its own reaches libuv's pipe, which it shares until it execs or exits.
  static pid_t fork_child(void *user);

  /// Appends what is to be polled. Sets *timeout_ms to at most 50 while some child has no pidfd.
  void before_poll(std::vector<pollfd> &fds, int *timeout_ms) const;

  /// True when some child may have exited; forgets those that have. `fds` are the entries before_poll added.
  bool after_poll(const pollfd *fds, size_t count);

  size_t count() const {
    return pidfds_.size() + unwatched_.size();
  }

private:
  std::vector<int> pidfds_;
  std::vector<pid_t> unwatched_; ///< pidfd_open failed, for want of descriptors.
};

} // namespace thaw
