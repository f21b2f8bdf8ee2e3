// SPDX-License-Identifier: Apache-2.0
// Sends netlink messages and reads the kernel's answers (linux/netlink.h).

#include "util/host/netlink.hpp"

#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <mutex>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace thaw {
namespace {

/// The kernel answers before sendto() returns, so a missing answer never comes.
constexpr timeval kAnswer = {5, 0};
/// The step in which the kernel refuses a message.
constexpr const char *kAnswerOp = "answer";

bool fail(NetlinkError *error, const char *op, int errnum = errno) {
  *error = {op, errnum};
  return false;
}

/// Counts the messages that ask for an answer; -1 for lengths that lead out of the buffer.
int count_acks(const std::vector<uint8_t> &messages) {
  int acks = 0;
  size_t at = 0;
  while (at < messages.size()) {
    struct nlmsghdr header;
    if (messages.size() - at < sizeof header)
      return -1;
    memcpy(&header, &messages[at], sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > messages.size() - at)
      return -1;
    acks += (header.nlmsg_flags & NLM_F_ACK) != 0;
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return acks;
}

/// Reads one datagram of answers. Subtracts those that it finds from *left.
bool read_answers(int fd, int *left, NetlinkError *error) {
  alignas(struct nlmsghdr) char buffer[16384];
  ssize_t n = recv(fd, buffer, sizeof buffer, 0);
  if (n < 0)
    return fail(error, "recv", errno == EAGAIN ? ETIMEDOUT : errno);
  int rest = int(n);
  for (auto *header = reinterpret_cast<struct nlmsghdr *>(buffer); NLMSG_OK(header, unsigned(rest));
       header = NLMSG_NEXT(header, rest)) {
    if (header->nlmsg_type != NLMSG_ERROR)
      continue;
    struct nlmsgerr answer;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof answer))
      return fail(error, "recv", EPROTO);
    memcpy(&answer, NLMSG_DATA(header), sizeof answer);
    if (answer.error != 0)
      return fail(error, kAnswerOp, -answer.error);
    (*left)--;
  }
  return true;
}

/// Throws away the answers behind a refusal.
void drain(int fd) {
  char buffer[4096];
  while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0)
    ;
}

bool exchange(int fd, const std::vector<uint8_t> &messages, int acks, NetlinkError *error) {
  struct sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent =
      sendto(fd, messages.data(), messages.size(), 0, reinterpret_cast<struct sockaddr *>(&kernel), sizeof kernel);
  if (sent < 0)
    return fail(error, "sendto");
  while (acks > 0)
    if (!read_answers(fd, &acks, error)) {
      drain(fd);
      return false;
    }
  return true;
}

/// Returns a new socket, or -1 with *error set.
int open_socket(int protocol, NetlinkError *error) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  // Answers do not repeat the messages.
  int one = 1;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswer, sizeof kAnswer) == 0 &&
      setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one) == 0)
    return fd;
  fail(error, "socket");
  if (fd >= 0)
    close(fd);
  return -1;
}

/// The process's socket for packet rules. A close would wait for the kernel to destroy what any client has deleted, 12
/// ms in which nobody can change a rule (nft_rcv_nl_event() in Linux).
struct Kept {
  std::mutex lock;
  int fd = -1;
};

Kept &kept() {
  // Lives as long as the process: the pool's threads may use it until the end.
  static Kept *const only = new Kept;
  return *only;
}

} // namespace

bool netlink_send(int protocol, const std::vector<uint8_t> &messages, NetlinkError *error) {
  int acks = count_acks(messages);
  if (acks < 0)
    return fail(error, "messages", EINVAL);
  if (protocol == NETLINK_NETFILTER) {
    std::lock_guard<std::mutex> guard(kept().lock);
    if (kept().fd < 0)
      kept().fd = open_socket(protocol, error);
    if (kept().fd < 0)
      return false;
    if (exchange(kept().fd, messages, acks, error))
      return true;
    if (error->op == kAnswerOp)
      return false;
    // The socket may still get answers to these messages.
    close(kept().fd);
    kept().fd = -1;
    return false;
  }
  int fd = open_socket(protocol, error);
  if (fd < 0)
    return false;
  bool ok = exchange(fd, messages, acks, error);
  close(fd);
  return ok;
}

} // namespace thaw
