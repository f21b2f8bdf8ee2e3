// SPDX-License-Identifier: Apache-2.0
// Where Xen's libraries write their log: a xentoollog logger that hands lines to a sink, also from the children libxl
// forks without exec (they write to a pipe the parent reads, since they must not touch the parent's locks).
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

/// libxl's `file.c:12:function: ` cut off: what a person wants to read.
std::string log_without_place(const std::string &text);

/// SAFETY: standard layout with the vtable first, so that a xentoollog_logger * given to Xen is a Logger *.
struct Logger {
  xentoollog_logger vtable;
  std::function<void(LogLine)> *sink;
  xentoollog_level min_level;
  int owner_pid;
  int child_pipe[2]; ///< -1 when there is none; then children's lines are lost.

  /// `sink` is called on whatever thread of this process calls Xen's libraries with this logger.
  Logger(std::function<void(LogLine)> *sink, xentoollog_level min_level, bool with_child_pipe);
  ~Logger();
  Logger(const Logger &) = delete;
  Logger &operator=(const Logger &) = delete;

  xentoollog_logger *xtl() {
    return &vtable;
  }
  /// Passes on what children wrote. Call when child_pipe[0] is readable.
  void drain_children();
};

} // namespace thaw
