// The scenario's orders carried out by the crowd, and the crowd's events told to the scenario and counted.
#pragma once

#include <optional>
#include <vector>

#include "tools/crowd/crowd.hpp"
#include "tools/load/data.hpp"
#include "tools/load/scenario.hpp"
#include "tools/load/slow_readers.hpp"
#include "tools/load/strangers.hpp"
#include "tools/load/tally.hpp"

namespace culvert::load {

class Conductor {
 public:
  // Members of the crowd: first those of the scenario, then the slow readers.
  Conductor(crowd::Crowd& crowd, Scenario& scenario, Strangers& strangers,
            SlowReaders& slow_readers, Data& data, Tally& tally, crowd::Credentials credentials)
      : crowd_(crowd),
        scenario_(scenario),
        strangers_(strangers),
        slow_readers_(slow_readers),
        data_(data),
        tally_(tally),
        credentials_(std::move(credentials)) {}

  // What is due, a limited number of things. True if there was something. `pool` has the packets of strangers.
  bool act(rte_mempool* pool, Time now);
  // All events that there are.
  bool listen(Time now);

  // Log-ins that came up in the ramp.
  [[nodiscard]] uint64_t came() const noexcept { return came_; }
  // Sessions with a DTLS tunnel when they began to settle.
  [[nodiscard]] uint32_t held_dtls() const noexcept { return held_dtls_.value_or(0); }

 private:
  void carry_out(const Order& order, Time now);
  void carry_out(const StrangerOrder& order, rte_mempool* pool, Time now);
  void carry_out(const SlowOrder& order, Time now);
  void expect_no_answers(uint32_t member, Time now);
  void count_failure(uint32_t member);  // of what it was last told to do
  void on_event(const crowd::Event& event, Time now);
  void on_slow_reader(const crowd::Event& event, Time now);
  void on_established(const crowd::Event& event, Time now);
  void on_dtls_up(const crowd::Event& event);
  void on_dtls_closed(const crowd::Event& event);
  void count_dtls(const crowd::Event& event, bool worked);
  void on_refused(const crowd::Event& event, Time now);
  void on_closed(const crowd::Event& event, Time now);
  [[nodiscard]] bool has_cookie(uint32_t member) const noexcept {
    return crowd_.state(member) == crowd::MemberState::parted;
  }

  crowd::Crowd& crowd_;
  Scenario& scenario_;
  Strangers& strangers_;
  SlowReaders& slow_readers_;
  Data& data_;
  Tally& tally_;
  const crowd::Credentials credentials_;
  // What the member was last told to do, whose outcome is awaited.
  std::vector<Act> last_ = std::vector<Act>(scenario_.members(), Act::log_in);
  uint64_t came_ = 0;
  std::optional<uint32_t> held_dtls_{};
};

}  // namespace culvert::load
