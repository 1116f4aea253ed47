#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/log/destination.hpp"
#include "control/socket/descriptor.hpp"

namespace culvert::control {
namespace {

using Clock = std::chrono::steady_clock;

class FileDestination final : public LogDestination {
 public:
  explicit FileDestination(std::string path) : path_(std::move(path)) {}

  int send(std::string_view message, const LogWait&) override {
    if (Clock::now() >= next_look_) look();
    if (!file_) return error_;
    line_.assign(torn_ ? "\n" : "");
    line_ += message;
    line_ += '\n';
    // One call a line, so that two processes that append do not mix theirs.
    for (size_t done = 0; done < line_.size();) {
      const ssize_t n = ::write(file_.get(), line_.data() + done, line_.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        torn_ = torn_ || done != 0;
        return n < 0 ? errno : ENOSPC;
      }
      done += static_cast<size_t>(n);
    }
    torn_ = false;
    return 0;
  }

 private:
  void look() {
    next_look_ = Clock::now() + std::chrono::seconds(1);
    struct stat at_path {
    }, open_one{};
    if (file_ && ::stat(path_.c_str(), &at_path) == 0 && ::fstat(file_.get(), &open_one) == 0 &&
        at_path.st_ino == open_one.st_ino && at_path.st_dev == open_one.st_dev) {
      return;
    }
    file_.reset();
    torn_ = false;
    // Not to wait for a reader, should somebody have put a pipe there.
    file_ = Descriptor(::open(
        path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640));
    error_ = file_ ? 0 : errno;
  }

  const std::string path_;
  std::string line_;
  bool torn_ = false;  // the file ends in a part of a line: there was no room for the rest
  Descriptor file_;
  int error_ = ENOENT;
  Clock::time_point next_look_{};
};

}  // namespace

std::unique_ptr<LogDestination> make_file_destination(std::string path) {
  return std::make_unique<FileDestination>(std::move(path));
}

}  // namespace culvert::control
