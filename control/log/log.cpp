// The log's buffer and its way to standard error.
#include "control/log/log.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace culvert::control {
namespace {

constexpr size_t kMaxMessage = 1024;  // bytes; a longer text is cut

// A text that comes from a client must not look like a second message, or move a terminal's cursor.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxMessage));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

// "Aug 15 2019 13:44:38", local time.
std::string stamp(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%b %d %Y %H:%M:%S", &parts)};
}

spdlog::level::level_enum to_spdlog(Severity severity) {
  switch (severity) {
    case Severity::emergency:
    case Severity::alert:
    case Severity::critical: return spdlog::level::critical;
    case Severity::error: return spdlog::level::err;
    case Severity::warning: return spdlog::level::warn;
    case Severity::notification:
    case Severity::informational: return spdlog::level::info;
    case Severity::debugging: return spdlog::level::debug;
  }
  return spdlog::level::info;
}

}  // namespace

Log::Log(const LoggingConfig& config, Clock clock)
    : config_(config),
      clock_(std::move(clock)),
      console_(std::make_shared<spdlog::logger>(
          "console", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  console_->set_pattern("%v");
  console_->set_level(spdlog::level::trace);  // the choice is made here, by the ASA's levels
  console_->flush_on(spdlog::level::trace);
}

Log::~Log() = default;

void Log::configure(const LoggingConfig& config) {
  const std::lock_guard lock(mutex_);
  config_ = config;
  trim();
}

void Log::log(Severity severity, unsigned number, std::string_view text) {
  const StrangerLimit::Verdict verdict = [&] {
    const std::lock_guard lock(mutex_);
    // What nobody will see needs no limit, and no word about it.
    const auto level = static_cast<unsigned>(severity);
    if (level > std::max(config_.stderr_level, config_.buffered_level)) {
      return StrangerLimit::Verdict{.yes = false};
    }
    return strangers_.ask(number, clock_());
  }();
  if (!verdict.yes) return;
  if (verdict.left_out != 0) {
    log(severity,
        fmt::format("{} messages {:06} were left out: too many at once", verdict.left_out, number));
  }
  write(severity,
        fmt::format("%ASA-{}-{:06}: {}", static_cast<unsigned>(severity), number, printable(text)));
}

void Log::log(Severity severity, std::string_view text) {
  write(severity, fmt::format("%CULVERT-{}: {}", static_cast<unsigned>(severity), printable(text)));
}

void Log::write(Severity severity, const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (!config_.enabled) return;
  const auto level = static_cast<unsigned>(severity);
  std::string line = config_.timestamp ? stamp(clock_()) + ": " + message : message;
  if (level <= config_.stderr_level) {
    ++console_messages_;
    console_->log(to_spdlog(severity), "{}", line);
  }
  if (level <= config_.buffered_level) {
    ++buffer_messages_;
    buffered_bytes_ += line.size() + 1;
    buffer_.push_back(std::move(line));
    trim();
  }
}

void Log::trim() {
  while (buffered_bytes_ > config_.buffer_size && !buffer_.empty()) {
    buffered_bytes_ -= buffer_.front().size() + 1;
    buffer_.pop_front();
  }
}

LogView Log::view() const {
  const std::lock_guard lock(mutex_);
  return {config_, console_messages_, buffer_messages_, {buffer_.begin(), buffer_.end()}};
}

void Log::clear_buffer() {
  const std::lock_guard lock(mutex_);
  buffer_.clear();
  buffered_bytes_ = 0;
}

}  // namespace culvert::control
