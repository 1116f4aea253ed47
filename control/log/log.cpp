// The log's buffer, and its ways out.
#include "control/log/log.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "control/log/debug_levels.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxMessage = 1024;              // bytes; a longer text is cut
constexpr std::chrono::milliseconds kGrace{500};  // for what is queued, at the end

std::unique_ptr<LogSender> sender_to(const LogHostConfig& host) {
  return std::make_unique<LogSender>(host.transport == LogTransport::udp
                                         ? make_udp_destination(host)
                                         : make_tcp_destination(host));
}

// A text that comes from a client must not look like a second message, or move a terminal's cursor.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxMessage));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

}  // namespace

Log::Log(const LoggingConfig& config, Clock clock) : config_(config), clock_(std::move(clock)) {
  change_destinations();
}

Log::~Log() {
  // All at once, so that the time for what is left passes but once.
  for (Host& host : hosts_)
    host.sender->stop(kGrace);
  if (file_) file_->stop(kGrace);
}

void Log::configure(const LoggingConfig& config, const LogIdentity& identity) {
  const std::lock_guard lock(mutex_);
  config_ = config;
  identity_ = identity;
  change_destinations();
  trim();
}

void Log::start() {
  const std::lock_guard lock(mutex_);
  started_ = true;
  for (Host& host : hosts_)
    host.sender->start();
  if (file_) file_->start();
}

void Log::change_destinations() {
  const auto leave = [this](std::unique_ptr<LogSender> sender) {
    if (sender == nullptr) return;
    sender->stop(kGrace);
    leaving_.push_back(std::move(sender));
  };
  std::erase_if(leaving_, [](const auto& sender) { return sender->done(); });
  std::vector<Host> before = std::exchange(hosts_, {});
  for (const LogHostConfig& wanted : config_.hosts) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Host& host) {
      return host.sender != nullptr && host.config.address == wanted.address &&
             host.config.transport == wanted.transport && host.config.port == wanted.port;
    });
    hosts_.push_back({wanted, same != before.end() ? std::move(same->sender) : sender_to(wanted)});
  }
  for (Host& host : before)
    leave(std::move(host.sender));
  if (file_path_ != config_.file) {
    leave(std::move(file_));
    file_path_ = config_.file;
    if (!file_path_.empty()) file_ = std::make_unique<LogSender>(make_file_destination(file_path_));
  }
  if (!started_) return;
  for (Host& host : hosts_)
    host.sender->start();
  if (file_) file_->start();
}

unsigned Log::most_verbose() const noexcept {
  unsigned level = std::max(config_.stderr_level, config_.buffered_level);
  if (config_.trap_level && !hosts_.empty()) level = std::max(level, *config_.trap_level);
  return file_ ? std::max(level, config_.file_level) : level;
}

void Log::log(Severity severity, unsigned number, std::string_view text) {
  const StrangerLimit::Verdict verdict = [&] {
    const std::lock_guard lock(mutex_);
    // What nobody will see needs no limit, and no word about it.
    const auto level = static_cast<unsigned>(severity);
    if (number != kDebugTrace && level > most_verbose()) {
      return StrangerLimit::Verdict{.yes = false};
    }
    return strangers_.ask(number, clock_());
  }();
  if (!verdict.yes) return;
  if (verdict.left_out != 0) {
    log(severity,
        fmt::format("{} messages {:06} were left out: too many at once", verdict.left_out, number));
  }
  write(severity, number,
        fmt::format("%ASA-{}-{:06}: {}", static_cast<unsigned>(severity), number, printable(text)));
}

void Log::log(Severity severity, std::string_view text) {
  write(severity, 0,
        fmt::format("%CULVERT-{}: {}", static_cast<unsigned>(severity), printable(text)));
}

void Log::write(Severity severity, unsigned number, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (!config_.enabled) return;
  const LogMessage message{static_cast<unsigned>(severity), number, text, clock_()};
  const bool asked_for = number == kDebugTrace;
  const auto wanted = [&](unsigned level) { return asked_for || message.severity <= level; };
  std::string line = local_line(config_, message, config_.timestamp);
  if (wanted(config_.stderr_level)) to_console(line);
  if (file_ && wanted(config_.file_level)) {
    ++file_messages_;
    file_->push(local_line(config_, message, true));
  }
  if (config_.trap_level && !hosts_.empty() && wanted(*config_.trap_level)) {
    ++trap_messages_;
    for (Host& host : hosts_) {
      host.sender->push(host.config.rfc5424 ? rfc5424_line(config_, identity_, message)
                                            : asa_line(config_, identity_, message));
    }
  }
  if (wanted(config_.buffered_level)) {
    ++buffer_messages_;
    buffered_bytes_ += line.size() + 1;
    buffer_.push_back(std::move(line));
    trim();
  }
}

// Whoever reads standard error (journald, a pipe, a terminal that was stopped) must not stop the control thread.
// What poll(2) calls writable takes a line whole: pipes up to PIPE_BUF bytes.
void Log::to_console(const std::string& line) {
  pollfd console{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&console, 1, 0) != 1 || (console.revents & POLLOUT) == 0) {
    ++console_discarded_;
    return;
  }
  const std::string whole = line + '\n';
  ++(::write(STDERR_FILENO, whole.data(), whole.size()) > 0 ? console_messages_
                                                            : console_discarded_);
}

void Log::trim() {
  while (buffered_bytes_ > config_.buffer_size && !buffer_.empty()) {
    buffered_bytes_ -= buffer_.front().size() + 1;
    buffer_.pop_front();
  }
}

LogView Log::view() const {
  const std::lock_guard lock(mutex_);
  LogView view;
  view.config = config_;
  view.identity = identity_;
  view.console_messages = console_messages_;
  view.console_discarded = console_discarded_;
  view.buffer_messages = buffer_messages_;
  view.trap_messages = trap_messages_;
  view.file_messages = file_messages_;
  for (const Host& host : hosts_)
    view.hosts.push_back(host.sender->counts());
  if (file_) view.file = file_->counts();
  view.lines.assign(buffer_.begin(), buffer_.end());
  return view;
}

void Log::clear_buffer() {
  const std::lock_guard lock(mutex_);
  buffer_.clear();
  buffered_bytes_ = 0;
}

}  // namespace culvert::control
