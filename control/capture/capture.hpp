// One capture: which dropped packets it wants, its file, and what `show capture` knows of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/capture/file.hpp"
#include "control/capture/pcapng.hpp"
#include "dataplane/packet/drop_tap.hpp"

namespace culvert::control {

struct CaptureSpec {
  std::string name{};
  std::optional<dp::DropReason> reason{};  // none: all
  uint64_t buffer = 524'288;      // bytes that its file may have, or both of a circular one
  bool circular = false;          // the newest packets stay, not the oldest
  unsigned packet_length = 1518;  // bytes of a packet that are kept

  [[nodiscard]] bool wants(dp::DropReason other) const noexcept {
    return !reason || *reason == other;
  }
};

enum class CaptureState : uint8_t { capturing, full, failed };

struct CaptureView {
  CaptureSpec spec;
  CaptureState state = CaptureState::capturing;
  std::string error;  // why it failed
  uint64_t packets = 0;
  uint64_t bytes = 0;   // of its files
  uint64_t missed = 0;  // packets that came faster than they could be written
  std::vector<std::string> files;
  uint64_t first_shown = 0;        // number of the first of `lines`, from 1
  std::vector<std::string> lines;  // the newest packets
};

class Capture {
 public:
  static constexpr size_t kLines = 100;

  // Throws std::runtime_error with a sentence if there can be no file.
  Capture(CaptureSpec spec, const std::string& folder);

  [[nodiscard]] const CaptureSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] CaptureView view() const;  // from any thread; without `missed`
  [[nodiscard]] bool capturing() const;
  [[nodiscard]] bool wants(dp::DropReason reason) const {
    return capturing() && spec_.wants(reason);
  }
  uint64_t missed_before = 0;  // of its reasons, when it began
  dp::Time since = 0;          // when it began

  // --- by the thread that writes ---
  void add(const dp::DropCopy& copy, uint64_t time_us, const std::string& port);
  // Writes what has come together, so that the file can be read.
  void flush();
  // The end of the file.
  void close(uint64_t time_us, uint64_t missed);

 private:
  // "ip" packets that came in by "outside", say: each has an interface block of its own.
  using Interface = std::pair<std::string, pcapng::LinkType>;
  void begin_file();
  [[nodiscard]] std::string blocks(const dp::DropCopy& copy, pcapng::LinkType type,
                                   uint64_t time_us, const std::string& port);
  void fail();
  void note(const dp::DropCopy& copy, pcapng::LinkType type, uint64_t time_us);

  const CaptureSpec spec_;
  CaptureFile file_;
  std::string pending_;                       // not written yet
  std::map<Interface, uint32_t> interfaces_;  // of the present file, by number

  mutable std::mutex mutex_;
  CaptureState state_ = CaptureState::capturing;
  std::string error_;
  uint64_t packets_ = 0;
  uint64_t bytes_ = 0;
  bool rotated_ = false;
  std::deque<std::string> lines_;
};

}  // namespace culvert::control
