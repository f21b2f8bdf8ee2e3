// SPDX-License-Identifier: Apache-2.0
// Reads the arguments of a native method. Each getter checks the type; at the first mismatch it throws a TypeError
// into JavaScript and makes ok() false. No native call runs with arguments that did not pass.
#pragma once

#include <node_api.h>
#include <string>
#include <vector>

namespace thaw {

class Args {
public:
  Args(napi_env env, napi_callback_info info);

  bool ok() const {
    return ok_;
  }

  /// The native object behind `this`, checked by its tag; nullptr for anything else.
  void *self(const napi_type_tag &tag);

  uint32_t u32(size_t index);
  uint32_t domid(size_t index);
  /// A non-negative integer that a double holds exactly.
  int64_t size(size_t index);
  bool boolean(size_t index);
  std::string text(size_t index);
  bool is_null(size_t index);
  napi_value function(size_t index);
  /// An open descriptor, duplicated close-on-exec: the caller may close its own during the call. The caller owns the
  /// result.
  int duplicated_fd(size_t index);
  std::vector<int> cpus(size_t index);
  /// Numbers in fields of an object, checked like u32() and size().
  uint32_t field_u32(size_t index, const char *name);
  uint64_t field_size(size_t index, const char *name);
  /// A Uint8Array's bytes; valid until control returns to JavaScript.
  const uint8_t *bytes(size_t index, size_t *length);

private:
  void reject(size_t index, const char *expected);
  double number(size_t index, double max, const char *expected);
  double number_of(napi_value value, size_t index, double max, const char *expected);
  double field(size_t index, const char *name, double max, const char *expected);

  static constexpr size_t kMax = 6;
  napi_env env_;
  napi_value self_ = nullptr;
  napi_value values_[kMax];
  bool ok_ = true;
};

} // namespace thaw
