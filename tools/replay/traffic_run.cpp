// Watching from the main thread; the workers never look at anything but their packets and a flag.
#include "tools/replay/traffic_run.hpp"

#include <chrono>
#include <numeric>
#include <thread>

#include <fmt/format.h>
#include <rte_launch.h>

#include "dataplane/eal.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/pace.hpp"

namespace culvert::replay {

namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr double kStartSeconds = 0.005;  // from the start of the workers to the first packet
constexpr double kSettleSeconds = 0.3;   // nothing came for so long: nothing more will
constexpr double kPatienceSeconds = 10;  // with a port that takes nothing

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

bool TrafficRun::all_sent() const noexcept {
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
  shown_tick_ = began_;
}

std::string TrafficRun::early_end() const {
  if (interrupted_.load()) return "interrupted";
  const uint64_t now = TickClock::now();
  if (rules_.seconds > 0 && now > began_ && clock_.seconds(now - began_) >= rules_.seconds) {
    return fmt::format("{:g} seconds are over", rules_.seconds);
  }
  if (rules_.count != 0 && packets_received() >= rules_.count) {
    return fmt::format("{} packets have been received", rules_.count);
  }
  return {};
}

std::string TrafficRun::progress_line() {
  const uint64_t now = TickClock::now();
  const double elapsed = clock_.seconds(now - std::min(now, shown_tick_));
  const uint64_t sent = packets_sent(), received = packets_received();
  const auto rate = [&](uint64_t packets, uint64_t before) {
    return with_prefix(elapsed > 0 ? static_cast<double>(packets - before) / elapsed : 0);
  };
  std::string line;
  if (!senders_.empty()) {
    line = fmt::format("sent {} ({}packets/s)", sent, rate(sent, shown_sent_));
    const uint64_t total = sum(senders_, [](const Sender& s) { return s.total(); });
    if (total != 0 && sent != 0) {
      const double so_far = clock_.seconds(now - std::min(now, began_));
      const auto left = static_cast<double>(total - std::min(total, sent));
      line +=
          fmt::format(" of {}, {:.0f} s left", total, so_far * left / static_cast<double>(sent));
    }
  }
  if (!receivers_.empty()) {
    line += fmt::format("{}received {} ({}packets/s)", line.empty() ? "" : ", ", received,
                        rate(received, shown_received_));
    const uint64_t missing =
        sum(receivers_, [](const Receiver& r) { return r.counters().missing.load(); });
    const bool both = !senders_.empty();
    line += fmt::format(", lost {}", both ? sent - std::min(sent, received) : missing);
  }
  shown_tick_ = now;
  shown_sent_ = sent;
  shown_received_ = received;
  return line;
}

std::string TrafficRun::while_sending(Progress& progress) {
  uint64_t sent = 0, refused = 0;
  uint64_t moved = began_;  // when something was sent, or nothing was to be
  while (sending()) {
    if (std::string why = early_end(); !why.empty()) return why;
    const uint64_t now = TickClock::now();
    const uint64_t more = packets_sent();
    const uint64_t refusals =
        sum(senders_, [](const Sender& s) { return s.counters().refusals.load(); });
    if (more != sent || refusals == refused) moved = now;
    sent = more;
    refused = refusals;
    if (now > moved && clock_.seconds(now - moved) > kPatienceSeconds) {
      return fmt::format("a port has taken nothing for {:.0f} s", kPatienceSeconds);
    }
    if (progress.due()) progress.show(progress_line());
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

std::string TrafficRun::while_receiving(Progress& progress) {
  uint64_t received = 0;
  uint64_t last = TickClock::now();
  const bool sent_here = !senders_.empty();
  // Who receives only waits for the first packet as long as it takes.
  const double idle_s = sent_here && rules_.idle_s == 0 ? kSettleSeconds : rules_.idle_s;
  while (!receivers_.empty()) {
    if (std::string why = early_end(); !why.empty()) return why;
    const uint64_t more = packets_received();
    const uint64_t now = TickClock::now();
    if (more != received || (more == 0 && !sent_here)) last = now;
    received = more;
    if (idle_s > 0 && clock_.seconds(now - last) > idle_s) {
      return sent_here ? std::string() : fmt::format("nothing came for {:g} s", idle_s);
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
