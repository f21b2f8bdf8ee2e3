// SPDX-License-Identifier: Apache-2.0
// Raises the limit parameter of the module xen-gntalloc. It bounds the kernel memory that user space can take. Only
// root can raise it.

#include "clone/domain/grant_limit.hpp"

#include <cstdio>
#include <mutex>

namespace thaw {
namespace {

/// dom0's grant table has room for some 16 000 to 32 000 entries.
constexpr size_t kOurs = 16384;
/// The module's default limit, which stays free for vchan servers in dom0.
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
