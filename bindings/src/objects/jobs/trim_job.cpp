// SPDX-License-Identifier: Apache-2.0
// Runs the trimmer between two descriptors, on a thread of its own.

#include "objects/jobs/trim_job.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

#include "util/napi/args.hpp"
#include "util/napi/job.hpp"
#include "util/napi/js.hpp"
#include "util/stream/trim_stream.hpp"

namespace thaw {
namespace {

class TrimJob : public Job {
public:
  TrimJob(int in, int out) : in_(in), out_(out) {
  }
  ~TrimJob() override {
    close(in_);
    close(out_);
  }

  bool execute() override {
    is_seekable_ = lseek(in_, 0, SEEK_CUR) >= 0;
    TrimError error;
    if (trim_stream({this, read_in, write_out}, &counts_, &error))
      return true;
    if (error.errnum != 0)
      failure_ = errno_failure("trim_stream", error.errnum);
    else
      failure_.reason = "BAD_STREAM";
    failure_.op = "trim_stream";
    failure_.hint = error.what;
    if (error.errnum != 0)
      failure_.hint += ": " + errno_name(error.errnum);
    return false;
  }

  napi_value result(napi_env env) override {
    napi_value object = js_object(env);
    auto set = [&](const char *name, uint64_t value) {
      js_set(env, object, name, js_number(env, static_cast<double>(value)));
    };
    set("pages", counts_.pages);
    set("dataPages", counts_.data_pages);
    set("zeroPages", counts_.zero_pages);
    set("bytes", counts_.bytes);
    return object;
  }

private:
  /// Reads a seekable input from its start, whatever its offset: a memfd shares its offset with the process that
  /// wrote it.
  static int read_in(void *user, void *data, size_t length, size_t *got) {
    auto *self = static_cast<TrimJob *>(user);
    for (*got = 0; *got < length;) {
      char *to = static_cast<char *>(data) + *got;
      ssize_t r =
          self->is_seekable_ ? pread(self->in_, to, length - *got, self->at_) : read(self->in_, to, length - *got);
      if (r < 0 && errno == EINTR)
        continue;
      if (r < 0)
        return errno;
      if (r == 0)
        break;
      *got += static_cast<size_t>(r);
      self->at_ += r;
    }
    return 0;
  }

  static int write_out(void *user, const void *data, size_t length) {
    auto *self = static_cast<TrimJob *>(user);
    for (size_t done = 0; done < length;) {
      ssize_t r = write(self->out_, static_cast<const char *>(data) + done, length - done);
      if (r < 0 && errno == EINTR)
        continue;
      if (r < 0)
        return errno;
      done += static_cast<size_t>(r);
    }
    return 0;
  }

  int in_, out_;
  bool is_seekable_ = false;
  off_t at_ = 0;
  TrimCounts counts_;
};

} // namespace

napi_value JS_trimStream(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int in = args.duplicated_fd(0), out = args.duplicated_fd(1);
  auto job = std::make_unique<TrimJob>(in, out);
  return args.ok() ? Job::run_apart(env, std::move(job)) : nullptr;
}

napi_value JS_memfdCreate(napi_env env, napi_callback_info info) {
  Args args(env, info);
  std::string name = args.text(0);
  if (!args.ok())
    return nullptr;
  int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) {
    napi_throw(env, make_error(env, errno_failure("memfd_create", errno)));
    return nullptr;
  }
  return js_number(env, fd);
}

} // namespace thaw
