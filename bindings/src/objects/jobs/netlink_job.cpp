// SPDX-License-Identifier: Apache-2.0
// Sends netlink messages. Those for interfaces are a job of libuv's pool: the kernel holds its lock on interfaces for a
// while. Those for packet rules go at once: each start sends some, and to hand them to another thread takes as long as
// the kernel needs for them.

#include "objects/jobs/netlink_job.hpp"

#include <linux/netlink.h>
#include <string>
#include <vector>

#include "util/host/netlink.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

class NetlinkJob : public Job {
public:
  NetlinkJob(int protocol, std::vector<uint8_t> messages) : protocol_(protocol), messages_(std::move(messages)) {
  }

  bool execute() override {
    NetlinkError error;
    if (netlink_send(protocol_, messages_, &error))
      return true;
    failure_ = errno_failure("netlink_send", error.errnum);
    failure_.hint = std::string(error.op) + ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    return js_undefined(env);
  }

private:
  int protocol_;
  std::vector<uint8_t> messages_;
};

} // namespace

napi_value JS_netlinkSend(napi_env env, napi_callback_info info) {
  Args args(env, info);
  uint32_t protocol = args.u32(0);
  size_t length = 0;
  const uint8_t *bytes = args.bytes(1, &length);
  if (!args.ok())
    return nullptr;
  auto job = std::make_unique<NetlinkJob>(int(protocol), std::vector<uint8_t>(bytes, bytes + length));
  return protocol == NETLINK_NETFILTER ? Job::run_here(env, std::move(job)) : Job::run(env, std::move(job));
}

} // namespace thaw
