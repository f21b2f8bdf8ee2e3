// SPDX-License-Identifier: Apache-2.0
// The image object. Reading it, and each clone, is a job off the event loop. A job keeps its data alive, so close()
// may come at any time.

#include "objects/jobs/image.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clone/domain/cloner.hpp"
#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"

namespace thaw {
namespace {

const napi_type_tag kTag = {0x3c5d1be07f2a4c66, 0x8a41f7d20b9e4d13};

using ImagePtr = std::shared_ptr<const Image>;

class CloneJob : public Job {
public:
  CloneJob(ImagePtr image, const CloneSpec &spec) : image_(std::move(image)), spec_(spec) {
  }

  bool execute() override {
    CloneError error;
    const XenHandles *xen = xen_handles();
    if (xen == nullptr) {
      failure_ = errno_failure("xc_interface_open", errno);
      failure_.reason = "NO_XEN";
      return false;
    }
    if (make_clone(*xen, *image_, spec_, &clone_, &error))
      return true;
    if (error.errnum != 0)
      failure_ = errno_failure(error.step, error.errnum);
    else
      failure_.reason = "CLONE";
    failure_.op = error.step;
    failure_.hint = error.what;
    return false;
  }

  napi_value result(napi_env env) override {
    napi_value object = js_object(env);
    js_set(env, object, "domid", js_number(env, clone_.domid));
    js_set(env, object, "storeFrame", js_number(env, double(clone_.store_frame)));
    js_set(env, object, "storePort", js_number(env, clone_.store_port));
    js_set(env, object, "consoleFrame", js_number(env, double(clone_.console_frame)));
    js_set(env, object, "consolePort", js_number(env, clone_.console_port));
    js_set(env, object, "controlPort", js_number(env, clone_.control_port));
    js_set(env, object, "dataPort", js_number(env, clone_.data_port));
    js_set(env, object, "vifTxPort", js_number(env, clone_.vif_tx_port));
    js_set(env, object, "vifRxPort", js_number(env, clone_.vif_rx_port));
    napi_value times = js_object(env);
    js_set(env, times, "create", js_number(env, clone_.create_ms));
    js_set(env, times, "populate", js_number(env, clone_.populate_ms));
    js_set(env, times, "copy", js_number(env, clone_.copy_ms));
    js_set(env, times, "state", js_number(env, clone_.state_ms));
    js_set(env, object, "stepsMs", times);
    return object;
  }

private:
  ImagePtr image_;
  CloneSpec spec_;
  Clone clone_;
};

/// Returns `this` as an image that is not closed; nullptr with an exception pending otherwise.
ImagePtr *open_self(napi_env env, Args &args) {
  auto *image = static_cast<ImagePtr *>(args.self(kTag));
  if (image == nullptr || !args.ok())
    return nullptr;
  if (*image != nullptr)
    return image;
  Failure failure;
  failure.reason = "CLOSED";
  failure.op = "image";
  failure.hint = "the image is closed";
  napi_throw(env, make_error(env, failure));
  return nullptr;
}

/// False when the bytes are not whole entries.
bool take_pages(Args &args, size_t index, std::vector<thaw_ring_page> *pages) {
  size_t bytes = 0;
  const uint8_t *from = args.bytes(index, &bytes);
  pages->resize(bytes / sizeof(thaw_ring_page));
  if (!pages->empty())
    memcpy(pages->data(), from, pages->size() * sizeof(thaw_ring_page));
  return bytes % sizeof(thaw_ring_page) == 0;
}

napi_value JS_clone(napi_env env, napi_callback_info info) {
  Args args(env, info);
  CloneSpec spec;
  size_t length = 0;
  const uint8_t *handle = args.bytes(0, &length);
  spec.flags = args.field_u32(1, "flags");
  spec.max_vcpus = args.field_u32(1, "maxVcpus");
  spec.max_evtchn_port = args.field_u32(1, "maxEvtchnPort");
  // Xen's fields are signed, with -1 for the default. Both use two's complement.
  spec.max_grant_frames = int32_t(args.field_u32(1, "maxGrantFrames"));
  spec.max_maptrack_frames = int32_t(args.field_u32(1, "maxMaptrackFrames"));
  spec.grant_version = args.field_u32(1, "grantVersion");
  spec.cpupool = args.field_u32(1, "cpupool");
  spec.emulation_flags = args.field_u32(1, "emulationFlags");
  spec.misc_flags = args.field_u32(1, "miscFlags");
  spec.max_kib = args.field_size(1, "maxKib");
  spec.memmap_kib = args.field_size(1, "memmapKib");
  spec.pool_bytes = args.field_size(1, "poolBytes");
  bool are_whole = take_pages(args, 2, &spec.rings) && take_pages(args, 3, &spec.vif);
  ImagePtr *self = open_self(env, args);
  if (self == nullptr)
    return nullptr;
  if (!are_whole) {
    napi_throw_range_error(env, nullptr, "Invalid rings: not 8 bytes for each page");
    return nullptr;
  }
  if (length != sizeof spec.handle) {
    napi_throw_range_error(env, nullptr, "Invalid handle: not 16 bytes");
    return nullptr;
  }
  memcpy(spec.handle, handle, sizeof spec.handle);
  return Job::run(env, std::make_unique<CloneJob>(*self, spec));
}

napi_value JS_close(napi_env env, napi_callback_info info) {
  Args args(env, info);
  if (auto *image = static_cast<ImagePtr *>(args.self(kTag)))
    image->reset();
  return nullptr;
}

napi_value make_object(napi_env env, ImagePtr image) {
  napi_value object = js_object(env);
  js_set(env, object, "type", js_string(env, image->is_hvm ? "pvh" : "pv"));
  js_set(env, object, "frames", js_number(env, double(image->frames.size())));
  js_set(env, object, "dataPages", js_number(env, double(image->data_pages())));
  js_set_function(env, object, "clone", JS_clone);
  js_set_function(env, object, "close", JS_close);
  napi_type_tag_object(env, object, &kTag);
  auto finalize = [](napi_env, void *data, void *) { delete static_cast<ImagePtr *>(data); };
  napi_wrap(env, object, new ImagePtr(std::move(image)), finalize, nullptr, nullptr);
  return object;
}

class OpenJob : public Job {
public:
  explicit OpenJob(int fd) : fd_(fd) {
  }
  ~OpenJob() override {
    close(fd_);
  }

  bool execute() override {
    struct stat file;
    if (fstat(fd_, &file) != 0)
      return fail("fstat");
    // An empty file has nothing to map, and no stream either.
    size_t length = size_t(file.st_size);
    void *stream = length > 0 ? mmap(nullptr, length, PROT_READ, MAP_SHARED, fd_, 0) : nullptr;
    if (stream == MAP_FAILED)
      return fail("mmap");
    image_ = read_image(static_cast<const uint8_t *>(stream), length, &failure_.hint);
    if (stream != nullptr)
      munmap(stream, length);
    failure_.reason = "BAD_STREAM";
    failure_.op = "read_image";
    return image_ != nullptr;
  }

  napi_value result(napi_env env) override {
    return make_object(env, std::move(image_));
  }

private:
  bool fail(const char *op) {
    failure_ = errno_failure(op, errno);
    return false;
  }

  int fd_;
  ImagePtr image_;
};

} // namespace

napi_value JS_openImage(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int fd = args.duplicated_fd(0);
  auto job = std::make_unique<OpenJob>(fd);
  return args.ok() ? Job::run(env, std::move(job)) : nullptr;
}

} // namespace thaw
