// SPDX-License-Identifier: Apache-2.0
// Collects the log of Xen's libraries: a xentoollog logger that passes lines to a sink. Children that libxl forks
// without exec log too: they write to a pipe that the parent reads, since they must not touch the parent's locks.
#pragma once

#include <functional>
#include <string>

#include "util/xen/xen.hpp"

namespace thaw {

struct LogLine {
  xentoollog_level level = XTL_NONE;
  std::string text; ///< `context: message: strerror`
};

/// `debug`, `info`, `warn` or `error`.
const char *log_level_name(xentoollog_level level);

/// Removes libxl's `file.c:12:function: `, and leaves the text for the user.
std::string log_without_location(const std::string &text);

/// SAFETY: standard layout with the vtable first, so that a xentoollog_logger * given to Xen is a Logger *.
struct Logger {
  xentoollog_logger vtable;
  std::function<void(LogLine)> *sink;
  xentoollog_level min_level;
  int owner_pid;
  int child_pipe[2]; ///< -1 without a pipe; the children's lines are then lost.

  /// Calls `sink` on whichever thread of this process calls Xen's libraries with this logger.
  Logger(std::function<void(LogLine)> *sink, xentoollog_level min_level, bool with_child_pipe);
  ~Logger();
  Logger(const Logger &) = delete;
  Logger &operator=(const Logger &) = delete;

  xentoollog_logger *xtl() {
    return &vtable;
  }
  /// Passes on the lines of the children. Call it when child_pipe[0] is readable.
  void drain_children();
};

} // namespace thaw
