// SPDX-License-Identifier: Apache-2.0
// Counts the pages that dom0's kernel grants for this process.
#pragma once

#include <cstddef>

namespace thaw {

/// Counts `pages` as granted, of the 16384 (64 MiB) that all images of a process may have together. Raises gntalloc's
/// limit to hold them and the 1024 pages that other programs rely on. False when they are used up or the limit cannot
/// be raised.
bool take_grants(size_t pages);

/// Counts `pages` as granted no more.
void give_back_grants(size_t pages);

} // namespace thaw
