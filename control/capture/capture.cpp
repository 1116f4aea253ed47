#include "control/capture/capture.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "control/capture/packet_text.hpp"

namespace culvert::control {
namespace {

using pcapng::LinkType;

constexpr std::string_view kApplication = "culvertd";
constexpr uint64_t kMicroseconds = 1'000'000;
constexpr size_t kStatisticsRoom = 64;  // bytes, for each interface of a file

// A circular capture keeps one whole half, and the one that is being filled.
uint64_t file_limit(const CaptureSpec& spec) noexcept {
  return spec.circular ? spec.buffer / 2 : spec.buffer;
}

std::string_view description(LinkType type) noexcept {
  switch (type) {
    case LinkType::ethernet: return "dropped frames";
    case LinkType::ip: return "dropped packets, without the link's header";
    case LinkType::user0: break;
  }
  return "bytes of a stream that were dropped";
}

// "21:53:31.123456", local time.
std::string clock_text(uint64_t time_us) {
  const auto seconds = static_cast<std::time_t>(time_us / kMicroseconds);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:06}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time_us % kMicroseconds);
}

}  // namespace

Capture::Capture(CaptureSpec spec, const std::string& folder)
    : spec_(std::move(spec)), file_(folder, spec_.name, file_limit(spec_)) {
  begin_file();
  flush();
}

// So that it can be read before the first packet has come, and if none ever does.
void Capture::begin_file() {
  pending_ = pcapng::section_header(kApplication);
}

bool Capture::capturing() const {
  const std::lock_guard lock(mutex_);
  return state_ == CaptureState::capturing;
}

CaptureView Capture::view() const {
  CaptureView view;
  view.spec = spec_;
  view.files.push_back(file_.path());
  const std::lock_guard lock(mutex_);
  if (rotated_) view.files.push_back(file_.older_path());
  view.state = state_;
  view.error = error_;
  view.packets = packets_;
  view.bytes = bytes_;
  view.lines.assign(lines_.begin(), lines_.end());
  view.first_shown = packets_ - lines_.size() + 1;
  return view;
}

std::string Capture::blocks(const dp::DropCopy& copy, LinkType type, uint64_t time_us,
                            const std::string& port) {
  std::string out;
  const auto [found, is_new] =
      interfaces_.try_emplace({port, type}, static_cast<uint32_t>(interfaces_.size()));
  if (is_new) out += pcapng::interface(type, port, description(type), spec_.packet_length);
  const std::string comment = drop_text(copy.reason);
  const size_t kept = std::min<size_t>(copy.captured, spec_.packet_length);
  return out + pcapng::packet({.interface = found->second,
                               .time_us = time_us,
                               .size = copy.size,
                               .data = {copy.data.data(), kept},
                               .comment = comment});
}

void Capture::add(const dp::DropCopy& copy, uint64_t time_us, const std::string& port) {
  if (!spec_.wants(copy.reason) || state_ != CaptureState::capturing) return;
  const LinkType type = link_type(copy.reason, {copy.data.data(), copy.captured}, copy.size);
  const auto before = interfaces_;
  std::string block = blocks(copy, type, time_us, port);
  const size_t room = kStatisticsRoom * interfaces_.size();
  if (!file_.fits(pending_.size() + block.size() + room)) {
    interfaces_ = before;
    flush();
    if (state_ != CaptureState::capturing) return;
    if (!spec_.circular) {
      const std::lock_guard lock(mutex_);
      state_ = CaptureState::full;
      return;
    }
    if (!file_.rotate()) return fail();
    interfaces_.clear();
    begin_file();
    block = blocks(copy, type, time_us, port);
    const std::lock_guard lock(mutex_);
    rotated_ = true;
  }
  pending_ += block;
  note(copy, type, time_us);
}

void Capture::note(const dp::DropCopy& copy, LinkType type, uint64_t time_us) {
  std::string line = fmt::format("{} {} {}", clock_text(time_us),
                                 packet_text(type, {copy.data.data(), copy.captured}, copy.size),
                                 drop_text(copy.reason));
  const std::lock_guard lock(mutex_);
  ++packets_;
  lines_.push_back(std::move(line));
  if (lines_.size() > kLines) lines_.pop_front();
}

void Capture::flush() {
  if (pending_.empty()) return;
  const bool written = file_.append(pending_);
  pending_.clear();
  if (!written) return fail();
  const std::lock_guard lock(mutex_);
  bytes_ = file_.size() + file_.older_size();
}

void Capture::fail() {
  const std::lock_guard lock(mutex_);
  state_ = CaptureState::failed;
  error_ = std::strerror(file_.error());
}

void Capture::close(uint64_t time_us, uint64_t missed) {
  flush();
  if (state_ == CaptureState::failed || interfaces_.empty()) return;
  // Which interface they came by nobody knows.
  pending_ = pcapng::statistics(0, time_us, missed);
  flush();
}

}  // namespace culvert::control
