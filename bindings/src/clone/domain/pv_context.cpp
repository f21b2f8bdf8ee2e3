// SPDX-License-Identifier: Apache-2.0
// Sets the four records of a PV vCPU (struct vcpu_guest_context in xen/arch-x86/xen.h, and three domctls).

#include "clone/domain/pv_context.hpp"

#include <algorithm>
#include <cstring>

#include "clone/image/page_store.hpp"

namespace thaw {
namespace {

/// Finds the machine frame of `pfn`; false when the clone has none.
bool look_up(const FrameMap &map, uint64_t pfn, uint64_t *frame) {
  if (pfn >= map.size() || map[pfn] == kNoFrame)
    return false;
  *frame = map[pfn];
  return true;
}

/// Rewrites a control register that holds a page table's frame (xen_pfn_to_cr3).
bool move_table(const FrameMap &map, unsigned long *reg) {
  uint64_t frame;
  if (!look_up(map, *reg >> 12, &frame))
    return false;
  *reg = frame << 12;
  return true;
}

bool move_context(const Making &making, const FrameMap &map, vcpu_guest_context_t *context) {
  size_t gdt_frames = (context->gdt_ents + 511) / 512;
  if (context->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
    return making.fail("move_context", "the image's descriptor table is too long");
  for (size_t i = 0; i < gdt_frames; i++) {
    uint64_t frame;
    if (!look_up(map, context->gdt_frames[i], &frame))
      return making.fail("move_context", "the image's descriptor table is not in its memory");
    context->gdt_frames[i] = frame;
  }
  if (!move_table(map, &context->ctrlreg[3]))
    return making.fail("move_context", "the image's page tables are not in its memory");
  // Bit 0 says that the guest's user space has its own page table.
  if ((context->ctrlreg[1] & 1) && !move_table(map, &context->ctrlreg[1]))
    return making.fail("move_context", "the image's user page tables are not in its memory");
  context->flags |= VGCF_online;
  return true;
}

bool set_context(const Making &making, const FrameMap &map, uint32_t id, uint64_t start_info_frame) {
  const PvVcpu &vcpu = making.image.vcpus[id];
  vcpu_guest_context_any_t context;
  memcpy(&context.x64, vcpu.basic.data(), sizeof context.x64);
  static_assert(sizeof context.x64 == sizeof(vcpu_guest_context_t), "checked by the reader");
  if (!move_context(making, map, &context.c))
    return false;
  if (id == 0)
    context.c.user_regs.rdx = start_info_frame;
  if (xc_vcpu_setcontext(making.xen.xch, making.clone->domid, id, &context) != 0)
    return making.fail("xc_vcpu_setcontext");
  return true;
}

bool set_extended(const Making &making, const PvVcpu &vcpu) {
  xen_domctl call = {};
  call.cmd = XEN_DOMCTL_set_ext_vcpucontext;
  call.domain = domid_t(making.clone->domid);
  memcpy(&call.u.ext_vcpucontext, vcpu.extended.data(), std::min(vcpu.extended.size(), sizeof call.u.ext_vcpucontext));
  return xc_domctl(making.xen.xch, &call) == 0 || making.fail("XEN_DOMCTL_set_ext_vcpucontext");
}

/// Makes a copy that Xen can read in place; nullptr with the error set.
void *hypercall_copy(const Making &making, const void *data, size_t length, HypercallMemory *memory) {
  void *copy = memory->allocate(length);
  if (copy != nullptr)
    memcpy(copy, data, length);
  else
    making.fail("xencall_alloc_buffer_pages");
  return copy;
}

bool set_xsave(const Making &making, uint32_t id, const std::vector<uint8_t> &state) {
  HypercallMemory memory;
  void *copy = hypercall_copy(making, state.data(), state.size(), &memory);
  if (copy == nullptr)
    return false;
  xen_domctl call = {};
  call.cmd = XEN_DOMCTL_setvcpuextstate;
  call.domain = domid_t(making.clone->domid);
  call.u.vcpuextstate.vcpu = id;
  call.u.vcpuextstate.size = state.size();
  set_xen_guest_handle_raw(call.u.vcpuextstate.buffer, static_cast<uint64_t *>(copy));
  return xc_domctl(making.xen.xch, &call) == 0 || making.fail("XEN_DOMCTL_setvcpuextstate");
}

bool set_msrs(const Making &making, uint32_t id, const std::vector<xen_domctl_vcpu_msr_t> &msrs) {
  HypercallMemory memory;
  void *copy = hypercall_copy(making, msrs.data(), msrs.size() * sizeof msrs[0], &memory);
  if (copy == nullptr)
    return false;
  xen_domctl call = {};
  call.cmd = XEN_DOMCTL_set_vcpu_msrs;
  call.domain = domid_t(making.clone->domid);
  call.u.vcpu_msrs.vcpu = id;
  call.u.vcpu_msrs.msr_count = uint32_t(msrs.size());
  set_xen_guest_handle_raw(call.u.vcpu_msrs.msrs, static_cast<xen_domctl_vcpu_msr_t *>(copy));
  return xc_domctl(making.xen.xch, &call) == 0 || making.fail("XEN_DOMCTL_set_vcpu_msrs");
}

} // namespace

uint64_t pv_start_info_pfn(const Image &image) {
  vcpu_guest_context_t context;
  memcpy(&context, image.vcpus[0].basic.data(), sizeof context);
  return context.user_regs.rdx;
}

bool set_pv_vcpu(const Making &making, const FrameMap &map, uint32_t id, uint64_t start_info_frame) {
  const PvVcpu &vcpu = making.image.vcpus[id];
  return (vcpu.basic.empty() || set_context(making, map, id, start_info_frame)) &&
         (vcpu.extended.empty() || set_extended(making, vcpu)) &&
         (vcpu.xsave.empty() || set_xsave(making, id, vcpu.xsave)) &&
         (vcpu.msrs.empty() || set_msrs(making, id, vcpu.msrs));
}

} // namespace thaw
