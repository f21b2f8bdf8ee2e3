// SPDX-License-Identifier: Apache-2.0
// Makes the parts common to PV and PVH clones: the domain, its limits, ports and CPU policy.

#include "clone/domain/cloner.hpp"

#include <cerrno>
#include <cstring>

#include "clone/domain/cloner_steps.hpp"

namespace thaw {

bool Making::fail(const char *step) const {
  error->errnum = errno != 0 ? errno : EIO;
  error->step = step;
  return false;
}

bool Making::fail(const char *step, std::string what) const {
  error->errnum = 0;
  error->step = step;
  error->what = std::move(what);
  return false;
}

namespace {

bool create(const Making &making) {
  const CloneSpec &spec = making.spec;
  xen_domctl_createdomain config = {};
  memcpy(config.handle, spec.handle, sizeof config.handle);
  config.flags = spec.flags;
  config.max_vcpus = spec.max_vcpus;
  config.max_evtchn_port = spec.max_evtchn_port;
  config.max_grant_frames = spec.max_grant_frames;
  config.max_maptrack_frames = spec.max_maptrack_frames;
  config.grant_opts = XEN_DOMCTL_GRANT_version(spec.grant_version);
  config.cpupool_id = spec.cpupool;
  config.arch.emulation_flags = spec.emulation_flags;
  config.arch.misc_flags = spec.misc_flags;
  uint32_t domid = DOMID_INVALID; // Xen's DOMID_ANY: Xen chooses the next free domid.
  if (xc_domain_create(making.xen.xch, &domid, &config) != 0)
    return making.fail("xc_domain_create");
  making.clone->domid = domid;
  return true;
}

bool unbound_port(const Making &making, uint32_t *port) {
  int got = xc_evtchn_alloc_unbound(making.xen.xch, making.clone->domid, 0);
  if (got < 0)
    return making.fail("xc_evtchn_alloc_unbound");
  *port = uint32_t(got);
  return true;
}

bool set_up(const Making &making) {
  xc_interface *xch = making.xen.xch;
  const Image &image = making.image;
  uint32_t domid = making.clone->domid;
  if (xc_domain_max_vcpus(xch, domid, making.spec.max_vcpus) != 0)
    return making.fail("xc_domain_max_vcpus");
  if (xc_domain_setmaxmem(xch, domid, making.spec.max_kib) != 0)
    return making.fail("xc_domain_setmaxmem");
  if (!unbound_port(making, &making.clone->store_port) || !unbound_port(making, &making.clone->console_port))
    return false;
  if (!making.spec.rings.empty() &&
      (!unbound_port(making, &making.clone->control_port) || !unbound_port(making, &making.clone->data_port)))
    return false;
  if (!making.spec.vif.empty() &&
      (!unbound_port(making, &making.clone->vif_tx_port) || !unbound_port(making, &making.clone->vif_rx_port)))
    return false;
  if (!image.is_hvm && xc_domain_set_memmap_limit(xch, domid, making.spec.memmap_kib) != 0)
    return making.fail("xc_domain_set_memmap_limit");
  if (image.is_hvm && xc_set_paging_mempool_size(xch, domid, making.spec.pool_bytes) != 0)
    return making.fail("xc_set_paging_mempool_size");
  uint32_t leaf = 0, subleaf = 0, msr = 0;
  // The library declares its input as not const, though it only reads it.
  if (xc_set_domain_cpu_policy(xch, domid, uint32_t(image.cpuid.size()),
                               const_cast<xen_cpuid_leaf_t *>(image.cpuid.data()), uint32_t(image.msrs.size()),
                               const_cast<xen_msr_entry_t *>(image.msrs.data()), &leaf, &subleaf, &msr) != 0)
    return making.fail("xc_set_domain_cpu_policy");
  const TscInfo &tsc = image.tsc;
  if (xc_domain_set_tsc_info(xch, domid, tsc.mode, tsc.nsec, tsc.khz, tsc.incarnation) != 0)
    return making.fail("xc_domain_set_tsc_info");
  return true;
}

/// Slack above the domain's memory limit: memory added later lies at frame numbers that happened to be free.
constexpr uint64_t kMapSlackKib = 8ull << 20;

} // namespace

bool make_clone(const XenHandles &xen, const Image &image, const CloneSpec &spec, Clone *clone, CloneError *error) {
  StepClock clock;
  Making making = {xen, image, spec, clone, error, &clock};
  if (bool(spec.flags & XEN_DOMCTL_CDF_hvm) != image.is_hvm)
    return making.fail("make_clone", "the image is of a domain of another type");
  // The map and its list are allocated in full, and the image's author says how far they reach.
  if ((uint64_t(image.max_pfn) + 1) * (XC_PAGE_SIZE / 1024) > spec.memmap_kib + kMapSlackKib && !image.is_hvm)
    return making.fail("make_clone", "the image's memory map reaches further than its domain's");
  if (!create(making))
    return false;
  if (set_up(making) && (image.is_hvm ? fill_hvm(making) : fill_pv(making))) {
    clone->state_ms = clock.lap();
    return true;
  }
  xc_domain_destroy(xen.xch, clone->domid);
  return false;
}

} // namespace thaw
