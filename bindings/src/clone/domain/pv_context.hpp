// SPDX-License-Identifier: Apache-2.0
// Sets the vCPU state of a PV clone.
#pragma once

#include "clone/domain/cloner_steps.hpp"

namespace thaw {

/// Returns the template's start info frame. A suspended PV guest names it in the edx of its vCPU 0.
uint64_t pv_start_info_pfn(const Image &image);

/// Gives vCPU `id` its state, with the clone's machine frames. A vCPU that was never up has no state.
bool set_pv_vcpu(const Making &making, const FrameMap &map, uint32_t id, uint64_t start_info_frame);

} // namespace thaw
