#include "control/capture/captures.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <pthread.h>
#include <rte_mbuf.h>

namespace culvert::control {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(20);  // between two looks at the rings
constexpr size_t kMostName = 64;

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostName && name.front() != '.' &&
         !name.ends_with(".older") &&  // the first half of a circular one
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

uint64_t wall_us() {
  using namespace std::chrono;
  return static_cast<uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace

Captures::Captures(CaptureSource source, std::string folder)
    : source_(std::move(source)), folder_(std::move(folder)) {}

Captures::~Captures() {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    source_.detach();
    closing_.insert(closing_.end(), captures_.begin(), captures_.end());
    captures_.clear();
    quit_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

void Captures::start(const CaptureSpec& spec) {
  if (!good_name(spec.name)) {
    throw std::runtime_error(
        "A capture's name is 1 to 64 letters, digits, '-', '_' and '.'; the first is no '.', and "
        "the end is not '.older'");
  }
  const auto of_that_name = [&](const Shared& c) { return c->spec().name == spec.name; };
  const std::lock_guard lock(mutex_);
  if (std::any_of(captures_.begin(), captures_.end(), of_that_name)) {
    throw std::runtime_error("There is a capture " + spec.name + " already: enter \"no capture " +
                             spec.name + "\" first");
  }
  if (std::any_of(closing_.begin(), closing_.end(), of_that_name)) {
    throw std::runtime_error("The last capture " + spec.name + " is still being written");
  }
  if (captures_.size() == kMost) {
    throw std::runtime_error("There are 8 captures already, and no more can be");
  }
  auto capture = std::make_shared<Capture>(spec, folder_);
  if (captures_.empty()) {
    std::vector<dp::DropTap*> taps = source_.attach();
    if (taps_.empty()) taps_ = std::move(taps);
  }
  capture->since = source_.now();
  capture->missed_before = missed(spec);
  captures_.push_back(std::move(capture));
  choose_reasons();
  if (!writer_.joinable()) writer_ = std::thread([this] { run(); });
  wake_.notify_one();
}

std::optional<CaptureView> Captures::stop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(captures_.begin(), captures_.end(),
                                  [&](const Shared& c) { return c->spec().name == name; });
  if (found == captures_.end()) return std::nullopt;
  CaptureView view = view_of(**found);
  closing_.push_back(*found);
  captures_.erase(found);
  choose_reasons();
  if (captures_.empty()) source_.detach();
  wake_.notify_one();
  return view;
}

std::vector<CaptureView> Captures::views() const {
  const std::lock_guard lock(mutex_);
  std::vector<CaptureView> out;
  out.reserve(captures_.size());
  for (const Shared& capture : captures_)
    out.push_back(view_of(*capture));
  return out;
}

CaptureView Captures::view_of(const Capture& capture) const {
  CaptureView view = capture.view();
  view.missed = missed(view.spec) - capture.missed_before;
  return view;
}

size_t Captures::capturing() const {
  return static_cast<size_t>(std::count_if(captures_.begin(), captures_.end(),
                                           [](const Shared& c) { return c->capturing(); }));
}

void Captures::choose_reasons() {
  capturing_ = capturing();
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const bool wanted = std::any_of(captures_.begin(), captures_.end(),
                                    [&](const Shared& c) { return c->wants(reason); });
    for (dp::DropTap* tap : taps_)
      tap->want(reason, wanted);
  }
}

uint64_t Captures::missed(const CaptureSpec& spec) const {
  uint64_t sum = 0;
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    if (!spec.wants(reason)) continue;
    for (const dp::DropTap* tap : taps_)
      sum += tap->missed(reason);
  }
  return sum;
}

void Captures::drain(const std::vector<Shared>& captures) {
  // Anew each time, because the wall clock may be set.
  const uint64_t workers_now = source_.now();
  const uint64_t now = wall_us();
  for (dp::DropTap* tap : taps_) {
    for (uint32_t n = 0; n < dp::DropTap::kSlots; ++n) {
      const dp::DropCopy* copy = tap->front();
      if (copy == nullptr) break;
      const uint64_t age = workers_now - std::min<uint64_t>(workers_now, copy->at);
      const std::string port =
          copy->port == RTE_MBUF_PORT_INVALID ? "" : source_.port_name(copy->port);
      for (const Shared& capture : captures) {
        // What a capture before it left in the ring is not its own.
        if (copy->at >= capture->since)
          capture->add(*copy, now - age, port.empty() ? "none" : port);
      }
      tap->pop();
    }
  }
  for (const Shared& capture : captures)
    capture->flush();
}

void Captures::run() {
  pthread_setname_np(pthread_self(), "capture");
  std::unique_lock lock(mutex_);
  while (true) {
    if (captures_.empty() && closing_.empty()) {
      if (quit_) return;
      wake_.wait(lock);
      continue;
    }
    const std::vector<Shared> closing = closing_;
    std::vector<Shared> all = captures_;
    all.insert(all.end(), closing.begin(), closing.end());
    lock.unlock();
    drain(all);
    for (const Shared& capture : closing)
      capture->close(wall_us(), missed(capture->spec()) - capture->missed_before);
    all.clear();
    lock.lock();
    // One that is full costs the workers nothing any more.
    if (capturing() != capturing_) choose_reasons();
    std::erase_if(closing_, [&](const Shared& c) {
      return std::find(closing.begin(), closing.end(), c) != closing.end();
    });
    if (!captures_.empty() && !quit_ && closing_.empty()) wake_.wait_for(lock, kInterval);
  }
}

}  // namespace culvert::control
