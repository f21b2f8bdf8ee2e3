// SPDX-License-Identifier: Apache-2.0
// The stream trimmer survives any input, and an accepted stream stays equivalent. libFuzzer target over
// bindings/src/util/stream/trim_stream.cpp: an accepted stream is trimmed a second time, which must accept it, find no
// zero page in it and change nothing. Build: clang++-19 -std=gnu++17 -O1 -g -fsanitize=fuzzer,address,undefined
// -Ibindings/src test/fuzz/trim_stream_fuzz.cpp bindings/src/util/stream/trim_stream.cpp

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "util/stream/trim_stream.hpp"

namespace {

struct Memory {
  const uint8_t *data;
  size_t size, at = 0;
  std::vector<uint8_t> out;
};

int memory_read(void *user, void *data, size_t length, size_t *got) {
  auto *memory = static_cast<Memory *>(user);
  *got = std::min(length, memory->size - memory->at);
  if (*got > 0)
    memcpy(data, memory->data + memory->at, *got);
  memory->at += *got;
  return 0;
}

int memory_write(void *user, const void *data, size_t length) {
  auto *memory = static_cast<Memory *>(user);
  auto *bytes = static_cast<const uint8_t *>(data);
  memory->out.insert(memory->out.end(), bytes, bytes + length);
  return 0;
}

bool trim(Memory &memory, thaw::TrimCounts &counts) {
  thaw::TrimIo io = {&memory, memory_read, memory_write};
  thaw::TrimError error;
  bool ok = thaw::trim_stream(io, &counts, &error);
  if (ok == (error.what[0] != '\0'))
    abort();
  return ok;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Memory first = {data, size, 0, {}};
  thaw::TrimCounts counts;
  if (!trim(first, counts))
    return 0;
  if (first.out.size() != counts.bytes || counts.bytes > size)
    abort();
  Memory second = {first.out.data(), first.out.size(), 0, {}};
  thaw::TrimCounts again;
  if (!trim(second, again))
    abort();
  if (again.zero_pages != 0 || again.data_pages != counts.data_pages || again.pages != counts.pages)
    abort();
  if (second.out != first.out)
    abort();
  return 0;
}
