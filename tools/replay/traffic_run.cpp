// Watching from the main thread; the workers never look at anything but their packets and a flag.
#include "tools/replay/traffic_run.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <rte_launch.h>

#include "dataplane/eal.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/pace.hpp"
#include "tools/replay/streams.hpp"

namespace culvert::replay {

namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr double kStartSeconds = 0.005;  // from the start of the workers to the first packet

template <typename All, typename Value>
uint64_t sum(const All& all, Value value) {
  return std::accumulate(all.begin(), all.end(), uint64_t{0},
                         [&](uint64_t s, const auto& one) { return s + value(*one); });
}

}  // namespace

uint64_t TrafficRun::packets_sent() const noexcept {
  return sum(senders_, [](const Sender& s) { return s.counters().packets.load(); });
}
uint64_t TrafficRun::packets_received() const noexcept {
  return sum(receivers_, [](const Receiver& r) { return r.counters().packets.load(); });
}

uint64_t TrafficRun::packets_awaited() const noexcept {
  return sum(receivers_, [](const Receiver& r) { return r.counters().awaited.load(); });
}

bool TrafficRun::tracked() const noexcept {
  return std::ranges::any_of(receivers_, [](const auto& r) { return r->looks_for_marks(); });
}

double TrafficRun::elapsed() const noexcept {
  return clock_.seconds(TickClock::now()) - clock_.seconds(began_);
}

bool TrafficRun::all_sent() const noexcept {
  if (port_stuck_) return false;
  for (const auto& sender : senders_) {
    if (sender->counters().packets.load() < sender->total()) return false;
  }
  return true;
}

bool TrafficRun::sending() const noexcept {
  return sum(workers_, [](const Worker& w) { return w.sending.load(std::memory_order_acquire); }) !=
         0;
}

// Senders first, so that with cores enough each has one for itself.
void TrafficRun::launch(unsigned cores) {
  for (unsigned i = 0; i < cores; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->stop = &stop_;
  }
  size_t next = 0;
  for (auto& sender : senders_)
    workers_[next++ % cores]->senders.push_back(sender.get());
  for (auto& receiver : receivers_)
    workers_[next++ % cores]->receivers.push_back(receiver.get());
  began_ = TickClock::now() + static_cast<uint64_t>(kStartSeconds * clock_.ticks_per_second());
  for (auto& sender : senders_)
    sender->begin(began_);
  for (unsigned i = 0; i < cores; ++i) {
    Worker& worker = *workers_[i];
    worker.sending.store(static_cast<unsigned>(worker.senders.size()));
    const auto entry = [](void* self) {
      static_cast<Worker*>(self)->run();
      return 0;
    };
    if (rte_eal_remote_launch(entry, &worker, dp::Eal::worker_lcore(i)) != 0) {
      throw Failure("A core does not start.");
    }
  }
}

std::string TrafficRun::early_end() const {
  if (interrupted_.load()) return "interrupted";
  if (rules_.seconds > 0 && elapsed() >= rules_.seconds) {
    return fmt::format("{:g} seconds are over", rules_.seconds);
  }
  if (rules_.count != 0 && packets_received() >= rules_.count) {
    return fmt::format("{} packets have been received", rules_.count);
  }
  return {};
}

std::string TrafficRun::progress_line() {
  const double now = elapsed();
  const uint64_t sent = packets_sent(), received = packets_received();
  const auto rate = [&](uint64_t packets, uint64_t before) {
    return now > shown_s_ ? static_cast<double>(packets - before) / (now - shown_s_) : 0;
  };
  HowFar far{.elapsed_s = now,
             .sent = sent,
             .to_send = sum(senders_, [](const Sender& s) { return s.total(); }),
             .received = received,
             .receive_rate = rate(received, shown_received_)};
  std::string line;
  if (!senders_.empty()) {
    line = fmt::format("sent {} ({}packets/s)", sent, with_prefix(rate(sent, shown_sent_)));
    if (far.to_send != 0) line += fmt::format(" of {}", far.to_send);
  }
  if (!receivers_.empty()) {
    line += fmt::format("{}received {} ({}packets/s)", line.empty() ? "" : ", ", received,
                        with_prefix(far.receive_rate));
    // Who gets packets without marks from elsewhere cannot know.
    if (tracked() && senders_.empty()) {
      line += fmt::format(", lost {}", count_streams(receivers_).missing);
    } else if (!senders_.empty()) {
      line += fmt::format(", lost {}", sent - std::min(sent, packets_awaited()));
    }
  }
  if (const auto left = seconds_left(rules_, far)) line += fmt::format(", {:.0f} s left", *left);
  shown_s_ = now;
  shown_sent_ = sent;
  shown_received_ = received;
  return line;
}

std::string TrafficRun::while_sending(Progress& progress) {
  uint64_t refused = 0;
  Standstill standstill(0, rules_.patience_s);
  while (sending()) {
    if (std::string why = early_end(); !why.empty()) return why;
    const uint64_t before = std::exchange(
        refused, sum(senders_, [](const Sender& s) { return s.counters().refusals.load(); }));
    port_stuck_ = standstill.over(packets_sent(), refused != before, elapsed());
    if (port_stuck_) {
      return fmt::format("a port has taken nothing for {:g} s", rules_.patience_s);
    }
    if (progress.due()) progress.show(progress_line());
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

std::string TrafficRun::while_receiving(Progress& progress) {
  const bool sent_here = !senders_.empty();
  Silence silence(rules_, {.sent_here = sent_here, .tracked = tracked()}, elapsed());
  while (!receivers_.empty()) {
    if (std::string why = early_end(); !why.empty()) return why;
    if (silence.over(packets_awaited(), elapsed())) {
      return sent_here ? std::string() : fmt::format("nothing came for {:g} s", rules_.idle_s);
    }
    if (progress.due()) progress.show(progress_line());
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

std::string TrafficRun::run(unsigned cores, Progress& progress) {
  launch(cores);
  std::string why = while_sending(progress);
  if (why.empty()) {
    why = while_receiving(progress);
    if (why.empty()) why = "everything was sent";
  }
  stop_.store(true);
  rte_eal_mp_wait_lcore();
  progress.end();
  return why;
}

}  // namespace culvert::replay
