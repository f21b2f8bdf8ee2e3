// SPDX-License-Identifier: Apache-2.0
// Keeps the ring of recent error lines.

#include "util/xen/op_log.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "util/xen/log.hpp"

namespace thaw {

void OpLog::add(const std::string &text, const void *op) {
  Line line = {next_++, op, -1, log_without_location(text)};
  uint32_t domid;
  if (sscanf(line.text.c_str(), "Domain %" SCNu32 ":", &domid) == 1)
    line.domid = domid;
  lines_.push_back(std::move(line));
  if (lines_.size() > kKept)
    lines_.pop_front();
}

std::vector<std::string> OpLog::details(uint64_t mark, const void *op, int64_t domid,
                                        const std::vector<int64_t> &others) const {
  std::vector<std::string> found;
  for (const Line &line : lines_) {
    if (line.number < mark)
      continue;
    bool is_others =
        line.op != nullptr ? line.op != op : std::find(others.begin(), others.end(), line.domid) != others.end();
    bool is_mine = line.op == op || (line.domid >= 0 && line.domid == domid);
    // A call without a domid makes a domain: lines about a domain without another call are most likely its own.
    bool is_likely = !is_others && (domid < 0 || line.domid < 0);
    if (is_mine || is_likely)
      found.push_back(line.text);
  }
  if (found.size() > kDetails)
    found.erase(found.begin(), found.end() - kDetails);
  return found;
}

} // namespace thaw
