// Senders and receivers at work: started on their cores, watched, stopped, read.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tools/replay/ending.hpp"
#include "tools/replay/progress.hpp"
#include "tools/replay/tick_clock.hpp"
#include "tools/replay/worker.hpp"

namespace culvert::replay {

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
  // Whether each sender sent all that it was to send. One without an end has done so unless a port took nothing more.
  [[nodiscard]] bool all_sent() const noexcept;
  [[nodiscard]] uint64_t packets_sent() const noexcept;
  [[nodiscard]] uint64_t packets_received() const noexcept;
  // Whether receivers look for marks. Then only packets that have one are awaited, else all are.
  [[nodiscard]] bool tracked() const noexcept;

 private:
  void launch(unsigned cores);
  [[nodiscard]] bool sending() const noexcept;
  [[nodiscard]] std::string while_sending(Progress& progress);
  [[nodiscard]] std::string while_receiving(Progress& progress);
  [[nodiscard]] std::string early_end() const;
  [[nodiscard]] uint64_t packets_awaited() const noexcept;  // of those received
  [[nodiscard]] double elapsed() const noexcept;  // seconds since the first packet was due
  [[nodiscard]] std::string progress_line();

  const TickClock& clock_;
  EndRules rules_;
  const std::atomic<bool>& interrupted_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> stop_{false};
  uint64_t began_ = 0;                            // tick
  bool port_stuck_ = false;                       // it took nothing for so long that the run ended
  double shown_s_ = 0;                            // when the last progress line was made
  uint64_t shown_sent_ = 0, shown_received_ = 0;  // in it
};

}  // namespace culvert::replay
