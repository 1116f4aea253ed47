// A crowd's plan as a state machine over time: what is due, and what came of it. It knows neither packets nor
// clocks, so that tests play hours of it in no time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "tools/culvert-delay/split_mix.hpp"
#include "tools/load/plan.hpp"
#include "tools/load/roster.hpp"

namespace culvert::load {

enum class Act : uint8_t {
  log_in,        // a new session, by password
  reconnect,     // by the cookie of the last one; whatever connection there is, is cut before
  roam_port,     // the DTLS tunnel goes on from another port
  roam_address,  // by cookie, from another source address
  leave,         // with a word
  vanish,        // without
};
struct Order {
  Act act;
  uint32_t member;
};

enum class Phase : uint8_t { ramp, hold, settle, leave, over };
inline constexpr size_t kPhases = 5;
inline constexpr std::array<const char*, kPhases> kPhaseNames{"ramp", "hold", "settle", "leave",
                                                              "over"};

struct Storm {
  Time began = 0;
  Time ended = kNever;  // the last of them was back, or had given up
  uint32_t members = 0, back = 0;
};

class Scenario {
 public:
  Scenario(const Plan& plan, Time start);

  // The next thing that is due, which the caller does at once; nullopt: nothing at this time. Time never goes
  // backwards from call to call.
  [[nodiscard]] std::optional<Order> next(Time now);

  // What came of it. A log-in, a reconnect or a change of address that is complete:
  void came_up(uint32_t member, Time now);
  // ... or that failed. `has_cookie`: the next try is by cookie, else by password.
  void failed(uint32_t member, Time now, bool has_cookie);
  // A session that was up ended, and nobody had asked for that.
  void fell(uint32_t member, Time now, bool has_cookie);
  // An early end: from whatever phase, they settle and leave.
  void wind_up(Time now);

  [[nodiscard]] uint32_t members() const noexcept { return plan_.sessions; }
  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool over() const noexcept { return phase_ == Phase::over; }
  // When the phase began; of those that were not reached kNever.
  [[nodiscard]] Time began(Phase phase) const noexcept {
    return began_[static_cast<size_t>(phase)];
  }
  [[nodiscard]] const Roster& up() const noexcept { return up_; }
  [[nodiscard]] uint32_t on_their_way() const noexcept { return on_their_way_; }
  [[nodiscard]] uint32_t peak() const noexcept { return peak_; }
  // Up when they began to settle.
  [[nodiscard]] uint32_t held() const noexcept { return held_; }
  [[nodiscard]] uint32_t gave_up() const noexcept { return gave_up_; }
  [[nodiscard]] const std::vector<Storm>& storms() const noexcept { return storms_; }

 private:
  enum class State : uint8_t { out, on_its_way, up, waiting, done };
  struct Member {
    State state = State::out;
    bool by_cookie = false;  // the next try
    bool in_storm = false;
    bool settled_in = false;  // was up once, or has given up
    uint32_t tries = 0;       // since it was last up
  };
  struct Wait {
    Time until;
    uint32_t member;
  };
  // Events at an even rate: how many are due since it began, less those that were taken.
  struct Stream {
    double rate = 0;
    uint64_t taken = 0;
    [[nodiscard]] bool due(Time since_begin) const noexcept {
      return rate > 0 && in_seconds(since_begin) * rate >= static_cast<double>(taken + 1);
    }
  };

  void enter(Phase phase, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Order> next_set_up(Time now);
  [[nodiscard]] std::optional<Order> next_disturbance(Time now);
  [[nodiscard]] std::optional<Order> next_leaver(Time now);
  [[nodiscard]] std::optional<Order> next_of_storm();
  [[nodiscard]] bool wave_due(Time now) const noexcept;
  [[nodiscard]] double log_ins_due(Time since_start) const noexcept;
  [[nodiscard]] Order send(uint32_t member, Act act);
  [[nodiscard]] uint32_t draw() noexcept;
  void begin_storm(Time now);
  void out_of_storm(Member& member, bool back, Time now);
  void settle_in(Member& member) noexcept;
  void try_again(uint32_t member, Time now, bool has_cookie);
  [[nodiscard]] bool settled() const noexcept {
    return on_their_way_ == 0 && waiting_.empty() && coming_.empty();
  }

  const Plan plan_;
  delay::SplitMix64 chance_;
  Phase phase_ = Phase::ramp;
  std::array<Time, kPhases> began_;
  std::vector<Member> members_;
  Roster up_;
  std::deque<Wait> waiting_;        // all wait equally long, so they are in order
  std::deque<uint32_t> coming_;     // log-ins that follow a session's end
  std::vector<uint32_t> storming_;  // who still has to be sent, of the storm that began
  std::vector<Storm> storms_;
  uint32_t of_storm_ = 0;  // of the last storm, neither back nor given up
  Stream churn_, death_, roam_, leave_;
  uint32_t first_log_ins_ = 0;  // members that have been sent once
  uint32_t settled_in_ = 0;     // members
  uint32_t on_their_way_ = 0, peak_ = 0, held_ = 0, gave_up_ = 0;
  Time last_left_ = 0;
  bool roamed_to_port_ = false;
};

}  // namespace culvert::load
