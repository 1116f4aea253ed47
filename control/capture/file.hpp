// The file of a capture: readable at any time, never larger than it may be, and nobody's but its owner's, since it
// holds what people sent through their tunnels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/socket/descriptor.hpp"

namespace culvert::control {

class CaptureFile {
 public:
  // Makes NAME.pcapng in `folder`, which is made too, in the place of one that is there and of
  // NAME.older.pcapng. Mode 0600. Throws std::runtime_error with a sentence.
  CaptureFile(const std::string& folder, const std::string& name, uint64_t limit);

  [[nodiscard]] bool fits(size_t bytes) const noexcept { return size_ + bytes <= limit_; }
  // All or nothing: false if it could not be written, and error() says why.
  [[nodiscard]] bool append(std::string_view bytes);
  // The file becomes NAME.older.pcapng, in the place of the one before, and an empty one is begun. False if
  // that could not be done.
  [[nodiscard]] bool rotate();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::string& older_path() const noexcept { return older_path_; }
  [[nodiscard]] uint64_t size() const noexcept { return size_; }              // bytes
  [[nodiscard]] uint64_t older_size() const noexcept { return older_size_; }  // 0: there is none
  [[nodiscard]] int error() const noexcept { return error_; }                 // an errno

 private:
  [[nodiscard]] bool open();

  const std::string path_, older_path_;
  const uint64_t limit_;  // bytes
  Descriptor file_;
  uint64_t size_ = 0, older_size_ = 0;
  int error_ = 0;
};

}  // namespace culvert::control
