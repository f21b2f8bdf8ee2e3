// SPDX-License-Identifier: Apache-2.0
// Fills a PVH clone: the template's memory at the same guest frames, its HVM parameters and the state of its vCPUs.
// The order is that of libxenguest's restore.

#include "clone/domain/rings.hpp"

namespace thaw {
namespace {

bool set_param(const Making &making, uint32_t index, uint64_t value) {
  return xc_hvm_param_set(making.xen.xch, making.clone->domid, index, value) == 0 || making.fail("xc_hvm_param_set");
}

bool set_params(const Making &making) {
  for (const HvmParam &param : making.image.hvm_params) {
    // The clone has its own ports. PAE_ENABLED occurs only in old streams.
    if (param.index == HVM_PARAM_STORE_EVTCHN || param.index == HVM_PARAM_CONSOLE_EVTCHN ||
        param.index == HVM_PARAM_PAE_ENABLED)
      continue;
    if (!set_param(making, uint32_t(param.index), param.value))
      return false;
  }
  return set_param(making, HVM_PARAM_STORE_EVTCHN, making.clone->store_port) &&
         set_param(making, HVM_PARAM_CONSOLE_EVTCHN, making.clone->console_port);
}

} // namespace

bool fill_hvm(const Making &making) {
  xc_interface *xch = making.xen.xch;
  const Image &image = making.image;
  Clone *clone = making.clone;
  clone->create_ms = making.clock->lap();
  if (!populate(making, nullptr))
    return false;
  clone->populate_ms = making.clock->lap();
  PageWriter writer(making);
  if (!writer.open())
    return false;
  for (size_t i = 0; i < image.pfns.size(); i++) {
    if (!writer.add(image.pfns[i], image.pages, i))
      return false;
  }
  Rings rings(making, nullptr);
  if (!rings.add(&writer, image.store_gfn) || !writer.flush())
    return false;
  clone->copy_ms = making.clock->lap();
  if (!set_params(making))
    return false;
  if (xc_domain_hvm_setcontext(xch, clone->domid, const_cast<uint8_t *>(image.hvm_context.data()),
                               uint32_t(image.hvm_context.size())) != 0)
    return making.fail("xc_domain_hvm_setcontext");
  writer.finish(image.console_gfn, image.store_gfn);
  clone->store_frame = image.store_gfn;
  clone->console_frame = image.console_gfn;
  return true;
}

} // namespace thaw
