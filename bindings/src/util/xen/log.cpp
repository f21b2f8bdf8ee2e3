// SPDX-License-Identifier: Apache-2.0
// Implements the logger's callbacks.

#include "util/xen/log.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace thaw {
namespace {

constexpr size_t kLineMax = 2048; ///< Below PIPE_BUF, so that a child's line is one write.

void vmessage(xentoollog_logger *xtl, xentoollog_level level, int errnum, const char *context, const char *format,
              va_list arguments) {
  auto *logger = reinterpret_cast<Logger *>(xtl); // SAFETY: see Logger
  if (level < logger->min_level)
    return;
  char line[kLineMax];
  line[0] = static_cast<char>(level);
  size_t at = 1;
  auto advance = [&at](int printed) {
    if (printed > 0)
      at = std::min(kLineMax - 2, at + static_cast<size_t>(printed));
  };
  if (context != nullptr)
    advance(snprintf(line + at, kLineMax - at, "%s: ", context));
  advance(vsnprintf(line + at, kLineMax - at, format, arguments));
  if (errnum >= 0)
    advance(snprintf(line + at, kLineMax - at, ": %s", strerror(errnum)));
  if (getpid() == logger->owner_pid) {
    (*logger->sink)({level, std::string(line + 1, at - 1)});
    return;
  }
  line[at++] = '\0';
  if (logger->child_pipe[1] >= 0 && write(logger->child_pipe[1], line, at) < 0) {
    // The pipe is full: drop the line, since the child must not wait.
  }
}

} // namespace

Logger::Logger(std::function<void(LogLine)> *to, xentoollog_level level, bool with_child_pipe)
    : vtable{vmessage, nullptr, nullptr}, sink(to), min_level(level), owner_pid(getpid()), child_pipe{-1, -1} {
  if (with_child_pipe && pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
    child_pipe[0] = child_pipe[1] = -1;
}

Logger::~Logger() {
  for (int fd : child_pipe)
    if (fd >= 0)
      close(fd);
}

void Logger::drain_children() {
  char buffer[16 * kLineMax];
  ssize_t got = read(child_pipe[0], buffer, sizeof buffer - kLineMax);
  if (got <= 0)
    return;
  // Lines are written whole, each with its NUL: the rest of a line cut by the buffer's size is already in the pipe.
  while (buffer[got - 1] != '\0' && read(child_pipe[0], buffer + got, 1) == 1)
    got++;
  buffer[got - 1] = '\0';
  for (ssize_t at = 0; at < got;) {
    auto level = static_cast<xentoollog_level>(buffer[at]);
    size_t length = strlen(buffer + at);
    if (length > 0)
      (*sink)({level, std::string(buffer + at + 1)});
    at += static_cast<ssize_t>(length) + 1;
  }
}

const char *log_level_name(xentoollog_level level) {
  if (level >= XTL_ERROR)
    return "error";
  if (level >= XTL_WARN)
    return "warn";
  return level >= XTL_INFO ? "info" : "debug";
}

std::string log_without_location(const std::string &text) {
  size_t file = text.find(".c:");
  if (file == std::string::npos)
    return text;
  size_t end = text.find(": ", file);
  size_t start = text.rfind(' ', file);
  // Only when the file is right after the context, e.g. `libxl: libxl_create.c:12:f: text`.
  if (end == std::string::npos || start == std::string::npos || text.find(' ') != start)
    return text;
  return text.substr(end + 2);
}

} // namespace thaw
