// SPDX-License-Identifier: Apache-2.0
// Checks arguments. The TypeScript side checks too; this side must hold when it is called directly.

#include "util/napi/args.hpp"

#include <cmath>
#include <cstdio>
#include <fcntl.h>

namespace thaw {

namespace {
/// Domids from here on are Xen's own (DOMID_FIRST_RESERVED).
constexpr double kDomidMax = 0x7fef;
constexpr double kSizeMax = 9007199254740991.0;
constexpr uint32_t kCpusMax = 8192;
} // namespace

Args::Args(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kMax;
  // Node-API fills missing arguments with undefined.
  if (napi_get_cb_info(env, info, &count, values_, &self_, nullptr) != napi_ok)
    ok_ = false;
}

void *Args::self(const napi_type_tag &tag) {
  bool is_ours = false;
  void *native = nullptr;
  napi_valuetype type;
  if (ok_ && napi_typeof(env_, self_, &type) == napi_ok && type == napi_object &&
      napi_check_object_type_tag(env_, self_, &tag, &is_ours) == napi_ok && is_ours &&
      napi_unwrap(env_, self_, &native) == napi_ok)
    return native;
  if (ok_)
    napi_throw_type_error(env_, nullptr, "Illegal invocation: this is another object");
  ok_ = false;
  return nullptr;
}

double Args::number_of(napi_value value, size_t index, double max, const char *expected) {
  double number = 0;
  if (!ok_)
    return 0;
  if (napi_get_value_double(env_, value, &number) != napi_ok || !(number >= 0 && number <= max) ||
      std::floor(number) != number) {
    reject(index, expected);
    return 0;
  }
  return number;
}

double Args::number(size_t index, double max, const char *expected) {
  return number_of(values_[index], index, max, expected);
}

double Args::field(size_t index, const char *name, double max, const char *expected) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  // Node-API would turn a primitive into an object, and a getter may throw.
  if (!ok_ || napi_typeof(env_, values_[index], &type) != napi_ok || type != napi_object ||
      napi_get_named_property(env_, values_[index], name, &value) != napi_ok) {
    reject(index, expected);
    return 0;
  }
  return number_of(value, index, max, expected);
}

uint32_t Args::field_u32(size_t index, const char *name) {
  return static_cast<uint32_t>(field(index, name, UINT32_MAX, "an object of integers from 0 to 4294967295"));
}

uint64_t Args::field_size(size_t index, const char *name) {
  return static_cast<uint64_t>(field(index, name, kSizeMax, "an object of non-negative integers"));
}

uint32_t Args::u32(size_t index) {
  return static_cast<uint32_t>(number(index, UINT32_MAX, "an integer from 0 to 4294967295"));
}

uint32_t Args::domid(size_t index) {
  return static_cast<uint32_t>(number(index, kDomidMax, "a domid"));
}

int64_t Args::size(size_t index) {
  return static_cast<int64_t>(number(index, kSizeMax, "a non-negative integer"));
}

bool Args::boolean(size_t index) {
  bool value = false;
  if (ok_ && napi_get_value_bool(env_, values_[index], &value) != napi_ok)
    reject(index, "a boolean");
  return value;
}

std::string Args::text(size_t index) {
  size_t length = 0;
  if (!ok_)
    return "";
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) {
    reject(index, "a string");
    return "";
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(env_, values_[index], &text[0], length + 1, &length);
  if (text.find('\0') != std::string::npos)
    reject(index, "a string without NUL");
  return text;
}

bool Args::is_null(size_t index) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, values_[index], &type);
  return type == napi_null || type == napi_undefined;
}

napi_value Args::function(size_t index) {
  napi_valuetype type = napi_undefined;
  if (ok_ && (napi_typeof(env_, values_[index], &type) != napi_ok || type != napi_function))
    reject(index, "a function");
  return values_[index];
}

int Args::duplicated_fd(size_t index) {
  double value = number(index, INT32_MAX, "a file descriptor");
  if (!ok_)
    return -1;
  int fd = fcntl(static_cast<int>(value), F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    reject(index, "an open file descriptor");
  return fd;
}

std::vector<int> Args::cpus(size_t index) {
  std::vector<int> cpus;
  bool is_array = false;
  uint32_t length = 0;
  if (!ok_)
    return cpus;
  if (napi_is_array(env_, values_[index], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env_, values_[index], &length) != napi_ok || length == 0 || length > kCpusMax) {
    reject(index, "a non-empty array of vCPU numbers");
    return cpus;
  }
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    double cpu = -1;
    if (napi_get_element(env_, values_[index], i, &element) != napi_ok ||
        napi_get_value_double(env_, element, &cpu) != napi_ok || !(cpu >= 0 && cpu < kCpusMax) ||
        std::floor(cpu) != cpu) {
      reject(index, "a non-empty array of vCPU numbers");
      return cpus;
    }
    cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

const uint8_t *Args::bytes(size_t index, size_t *length) {
  napi_typedarray_type type;
  void *data = nullptr;
  bool is_typed = false;
  if (!ok_)
    return nullptr;
  if (napi_is_typedarray(env_, values_[index], &is_typed) != napi_ok || !is_typed ||
      napi_get_typedarray_info(env_, values_[index], &type, length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array)
    reject(index, "a Uint8Array");
  return static_cast<const uint8_t *>(data);
}

void Args::reject(size_t index, const char *expected) {
  char message[96];
  snprintf(message, sizeof message, "Invalid argument %zu: not %s", index + 1, expected);
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  if (!pending)
    napi_throw_type_error(env_, nullptr, message);
  ok_ = false;
}

} // namespace thaw
