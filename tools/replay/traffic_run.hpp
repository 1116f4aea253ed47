// Senders and receivers at work: started on their cores, watched, stopped, read.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tools/replay/progress.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/worker.hpp"

namespace culvert::replay {

// When it ends besides when everything is sent. 0: not for that reason.
struct EndRules {
  double seconds = 0;
  uint64_t count = 0;  // packets received
  double idle_s = 0;   // since the last packet was received
};

// `interrupted` becomes true when the user wants an end.
class TrafficRun {
 public:
  TrafficRun(const TickClock& clock, const EndRules& rules, const std::atomic<bool>& interrupted)
      : clock_(clock), rules_(rules), interrupted_(interrupted) {}

  void add(std::unique_ptr<Sender> sender) { senders_.push_back(std::move(sender)); }
  void add(std::unique_ptr<Receiver> receiver) { receivers_.push_back(std::move(receiver)); }

  // Deals them to `cores` workers of dp::Eal, runs until the end, and returns why it came, in a few words.
  std::string run(unsigned cores, Progress& progress);

  // In the order in which they were added; after run().
  [[nodiscard]] const std::vector<std::unique_ptr<Sender>>& senders() const noexcept {
    return senders_;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<Receiver>>& receivers() const noexcept {
    return receivers_;
  }
  // Whether each sender sent all that it was to send. One without an end has done so always.
  [[nodiscard]] bool all_sent() const noexcept;
  [[nodiscard]] uint64_t packets_sent() const noexcept;
  [[nodiscard]] uint64_t packets_received() const noexcept;

 private:
  void launch(unsigned cores);
  [[nodiscard]] bool sending() const noexcept;
  [[nodiscard]] std::string while_sending(Progress& progress);
  [[nodiscard]] std::string while_receiving(Progress& progress);
  [[nodiscard]] std::string early_end() const;
  [[nodiscard]] std::string progress_line();

  const TickClock& clock_;
  EndRules rules_;
  const std::atomic<bool>& interrupted_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> stop_{false};
  uint64_t began_ = 0;                                             // ticks
  uint64_t shown_tick_ = 0, shown_sent_ = 0, shown_received_ = 0;  // in the last progress line
};

}  // namespace culvert::replay
