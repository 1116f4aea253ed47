#include "control/capture/file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace culvert::control {

namespace {

// And those above it: nothing has made the state directory where no certificate was made for it.
void make_folder(const std::string& folder) {
  for (size_t end = 0; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    throw std::runtime_error("cannot make the folder " + part + ": " + std::strerror(errno));
  }
}

}  // namespace

CaptureFile::CaptureFile(const std::string& folder, const std::string& name, uint64_t limit)
    : path_(folder + "/" + name + ".pcapng"),
      older_path_(folder + "/" + name + ".older.pcapng"),
      limit_(limit) {
  make_folder(folder);
  ::unlink(older_path_.c_str());
  if (!open()) {
    throw std::runtime_error("cannot make the file " + path_ + ": " + std::strerror(error_));
  }
}

// What is there is taken away rather than written to: it may be a link to something else.
bool CaptureFile::open() {
  file_.reset();
  size_ = 0;
  ::unlink(path_.c_str());
  file_ =
      Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) error_ = errno;
  return static_cast<bool>(file_);
}

bool CaptureFile::append(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error_ = n < 0 ? errno : ENOSPC;
      // Half a block would spoil the file.
      if (done != 0 && (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 ||
                        ::lseek(file_.get(), static_cast<off_t>(size_), SEEK_SET) < 0)) {
        error_ = errno;
      }
      return false;
    }
    done += static_cast<size_t>(n);
  }
  size_ += bytes.size();
  return true;
}

bool CaptureFile::rotate() {
  if (std::rename(path_.c_str(), older_path_.c_str()) != 0) {
    error_ = errno;
    return false;
  }
  older_size_ = size_;
  return open();
}

}  // namespace culvert::control
