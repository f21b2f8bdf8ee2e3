// SPDX-License-Identifier: Apache-2.0
// How many pages this process may have dom0's kernel grant for it.
#pragma once

#include <cstddef>

namespace thaw {

/// Counts `pages` as granted, of 16384 (64 MiB) that all images of a process may have together, and makes room for as
/// many below gntalloc's limit, beside the 1024 that others count on. False when they are used up or the limit cannot
/// be raised.
bool take_grants(size_t pages);

/// They are granted no more.
void give_back_grants(size_t pages);

} // namespace thaw
