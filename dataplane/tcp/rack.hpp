// RACK: loss detection by time (RFC 8985 §6). What was sent well before something that has arrived
// is lost; how well before adapts to the reordering that the path shows. Pure: what was delivered,
// the round trip and the time come in.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/tcp/sent_list.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class Rack {
 public:
  Rack() = default;
  void start(Seq first) noexcept { *this = Rack{first}; }

  // §6.2 steps 2 and 3, for each part that an ACK newly covers, lowest first. `rtt`: µs since it was
  // sent. `ambiguous`: it was sent again, and the ACK may be the first transmission's.
  void on_delivered(const SentRange& part, Time rtt, bool ambiguous) noexcept {
    if (fack_ < part.end) {
      fack_ = part.end;
    } else if (part.end < fack_ && !part.retransmitted) {
      reordering_seen_ = true;
    }
    if (ambiguous) return;
    if (sent_after(part.sent_at, part.end, sent_at_, end_)) {
      sent_at_ = part.sent_at;
      end_ = part.end;
      rtt_ = rtt;
    }
  }
  // §6.2 step 4, with every ACK. `dsack`: it says that something arrived twice.
  void on_ack(bool dsack, Seq una, Seq nxt) noexcept {
    if (round_running_ && una >= round_end_) round_running_ = false;
    if (!dsack || round_running_) return;
    round_running_ = true;
    round_end_ = nxt;
    steps_ = static_cast<uint8_t>(std::min<uint32_t>(steps_ + 1u, 255));
    persist_ = kPersist;
  }
  // A recovery was needless: what it sent again had been overtaken, not lost.
  void on_needless_recovery() noexcept { reordering_seen_ = true; }
  void on_recovery_over() noexcept {
    if (persist_ > 0 && --persist_ == 0) steps_ = 1;
  }
  // How long a segment may be overtaken, µs. `recovering`: something was found lost and is not
  // repaired yet. `sacked`: segments that the peer holds beyond a hole.
  [[nodiscard]] Time window(bool recovering, uint32_t sacked, Time min_rtt,
                            Time smoothed_rtt) const noexcept {
    if (!reordering_seen_ && (recovering || sacked >= kDupThresh)) return 0;
    return std::min(steps_ * min_rtt / 4, smoothed_rtt);
  }
  // §6.2 step 5, for one range: 0 if it is lost, else how long to wait for it from now on; kNever if
  // nothing that was sent later has arrived.
  [[nodiscard]] Time patience(const SentRange& range, Time window, Time now) const noexcept {
    if (!sent_after(sent_at_, end_, range.sent_at, range.end)) return kForEver;
    const Time deadline = range.sent_at + rtt_ + window;
    return deadline > now ? deadline - now : 0;
  }
  [[nodiscard]] bool reordering_seen() const noexcept { return reordering_seen_; }
  // Beyond this nothing has arrived.
  [[nodiscard]] Seq highest_delivered() const noexcept { return fack_; }

  static constexpr Time kForEver = ~Time{0};
  static constexpr uint32_t kDupThresh = 3;  // RFC 5681 §3.2

 private:
  static constexpr uint8_t kPersist = 16;  // recoveries

  explicit Rack(Seq first) noexcept : fack_(first) {}
  // What left in one burst left in the order of its sequence.
  [[nodiscard]] static bool sent_after(Time time, Seq end, Time than_time, Seq than_end) noexcept {
    return time > than_time || (time == than_time && end > than_end);
  }

  Time sent_at_ = 0;  // of the latest transmission that is known to have arrived
  Time rtt_ = 0;      // its round trip
  Seq end_;
  Seq fack_;
  Seq round_end_;
  uint8_t steps_ = 1;  // of a quarter of the least round trip
  uint8_t persist_ = kPersist;
  bool round_running_ = false;
  bool reordering_seen_ = false;
};

}  // namespace culvert::tcp
