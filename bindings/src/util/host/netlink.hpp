// SPDX-License-Identifier: Apache-2.0
// Sends messages to dom0's kernel over netlink(7), without starting a process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thaw {

/// The step that failed, and its errno.
struct NetlinkError {
  const char *op = "";
  int errnum = 0;
};

/// Sends all messages at once, and waits for the kernel's answer to each that asks for one (NLM_F_ACK). `protocol` is
/// one of linux/netlink.h, such as NETLINK_ROUTE. On failure returns false with *error set to the kernel's first
/// refusal; whether the other messages took effect depends on the protocol.
bool netlink_send(int protocol, const std::vector<uint8_t> &messages, NetlinkError *error);

} // namespace thaw
