// SPDX-License-Identifier: Apache-2.0
// By the parameter of the module xen-gntalloc. It bounds what user space can take of the kernel's memory; only root can
// raise it.

#include "clone/domain/grant_limit.hpp"

#include <cstdio>
#include <mutex>

namespace thaw {
namespace {

/// dom0's grant table has room for some 16 000 to 32 000 entries.
constexpr size_t kOurs = 16384;
/// The module's default: vchan servers in dom0 live of it.
constexpr long kOthers = 1024;

std::mutex lock;
size_t taken = 0;

bool raise_limit() {
  FILE *file = fopen("/sys/module/xen_gntalloc/parameters/limit", "r+");
  if (file == nullptr)
    return false;
  constexpr long wanted = kOthers + long(kOurs);
  long limit = 0;
  bool is_enough = fscanf(file, "%ld", &limit) == 1 && limit >= wanted;
  if (!is_enough) {
    rewind(file);
    is_enough = fprintf(file, "%ld", wanted) > 0 && fflush(file) == 0;
  }
  fclose(file);
  return is_enough;
}

} // namespace

bool take_grants(size_t pages) {
  std::lock_guard<std::mutex> guard(lock);
  if (pages > kOurs - taken || !raise_limit())
    return false;
  taken += pages;
  return true;
}

void give_back_grants(size_t pages) {
  std::lock_guard<std::mutex> guard(lock);
  taken -= pages;
}

} // namespace thaw
