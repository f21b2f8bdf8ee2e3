// SPDX-License-Identifier: Apache-2.0
// A socket stays in the namespace where it was made. A thread made for this enters the namespace; no other thread
// ever leaves dom0's.

#include "util/host/namespace_socket.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/host/fd.hpp"

namespace thaw {
namespace {

int fail(NamespaceSocketError *error, const char *op) {
  *error = {op, errno};
  return -1;
}

int open_there(const std::string &path, NamespaceSocketError *error) {
  sockaddr_nl address = {};
  Fd there(open(path.c_str(), O_RDONLY | O_CLOEXEC));

  if (there < 0)
    return fail(error, "open");
  if (setns(there, CLONE_NEWNET) != 0)
    return fail(error, "setns");
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0)
    return fail(error, "socket");
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
  if (bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0)
    return fd;
  fail(error, "bind");
  close(fd);
  return -1;
}

struct Errand {
  const std::string *path;
  NamespaceSocketError *error;
  int fd;
};

void *go_there(void *data) {
  auto *errand = static_cast<Errand *>(data);

  errand->fd = open_there(*errand->path, errand->error);
  return nullptr;
}

} // namespace

int namespace_socket(const std::string &path, NamespaceSocketError *error) {
  Errand errand = {&path, error, -1};
  pthread_t thread;
  sigset_t all, old;

  sigfillset(&all); // Signals belong to Node's threads.
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int refused = pthread_create(&thread, nullptr, go_there, &errand);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (refused == 0)
    pthread_join(thread, nullptr);
  else
    *error = {"pthread_create", refused};
  return errand.fd;
}

} // namespace thaw
