// Which echo requests of which member were answered.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/load/echo.hpp"

namespace culvert::load {

enum class Answer : uint8_t {
  first,
  again,  // a copy of one that was counted
  late,   // from before the tunnel was disturbed: counted as interrupted or missing then
};

// What nobody has answered for twice as long as this is not on its way any more.
inline constexpr Time kOnTheWay = kSecond;

struct LedgerTotals {
  uint64_t sent = 0, answered = 0, again = 0, late = 0;
  // On their way when a tunnel was cut, moved or left on purpose. Nobody can blame the headend for them.
  uint64_t interrupted = 0;
  uint64_t heard = 0;  // members that got an answer, ever

  // Sent, not answered and not interrupted: lost, when there has been time enough for the last answers.
  [[nodiscard]] uint64_t missing() const noexcept { return sent - answered - interrupted; }
};

class Ledger {
 public:
  explicit Ledger(uint32_t members) : members_(members) {}

  // The mark of the member's next request; it counts only once sent() has been called, at the same time.
  [[nodiscard]] EchoMark next(uint32_t member, Time now) noexcept {
    Member& m = members_[member];
    return {member, m.epoch, m.number++, now};
  }
  void sent(uint32_t member, Time now) noexcept {
    Member& m = members_[member];
    m.advance(span_of(now));
    ++m.young;
    ++m.open;
    ++totals_.sent;
  }
  [[nodiscard]] Answer answered(const EchoMark& mark) noexcept {
    if (mark.member >= members_.size() || mark.epoch != members_[mark.member].epoch) {
      ++totals_.late;
      return Answer::late;
    }
    Member& m = members_[mark.member];
    if (!m.is_new(mark.number)) {
      ++totals_.again;
      return Answer::again;
    }
    m.close(m.span - span_of(mark.sent));
    totals_.heard += m.heard ? 0 : 1;
    m.heard = true;
    ++totals_.answered;
    return Answer::first;
  }
  // The member's tunnel is disturbed on purpose: what is on its way may be lost. What had been lost before stays so.
  void interrupt(uint32_t member, Time now) noexcept {
    Member& m = members_[member];
    m.advance(span_of(now));
    totals_.interrupted += m.young + m.older;
    m.begin_epoch();
  }
  // The member's tunnel has ended by itself, or has had time enough for the last answers: what was not answered is
  // lost.
  void give_up(uint32_t member) noexcept { members_[member].begin_epoch(); }

  [[nodiscard]] const LedgerTotals& totals() const noexcept { return totals_; }

 private:
  [[nodiscard]] static uint32_t span_of(Time time) noexcept {
    return static_cast<uint32_t>(time / kOnTheWay);
  }

  struct Member {
    uint32_t epoch = 0;
    uint32_t number = 0;   // of the next request
    uint32_t open = 0;     // sent in this epoch and not answered
    uint32_t highest = 0;  // one more than the highest number that was answered
    uint64_t seen = 0;     // of the 64 numbers below `highest`, the lowest bit being the nearest
    uint32_t span = 0;     // of time, in which it last did something
    uint32_t young = 0, older = 0;  // of those that are open: sent in that, and in the one before
    bool heard = false;

    void advance(uint32_t to) noexcept {
      if (to == span) return;
      older = to == span + 1 ? young : 0;
      young = 0;
      span = to;
    }
    // One that was sent so many spans ago is answered; a late copy that passes for new may find none.
    void close(uint32_t ago) noexcept {
      --open;
      if (ago == 0 && young != 0) --young;
      if (ago == 1 && older != 0) --older;
    }
    void begin_epoch() noexcept {
      ++epoch;
      open = young = older = 0;
      seen = 0;
      highest = number;
    }

    // Numbers that are further behind pass for new: that many are never on their way at a gentle rate.
    [[nodiscard]] bool is_new(uint32_t n) noexcept {
      if (n >= highest) {
        const uint32_t ahead = n - highest + 1;
        seen = (ahead < 64 ? seen << ahead : 0) | 1;
        highest = n + 1;
        return true;
      }
      const uint32_t behind = highest - 1 - n;
      if (behind >= 64) return open != 0;
      const uint64_t bit = uint64_t{1} << behind;
      const bool fresh = (seen & bit) == 0;
      seen |= bit;
      return fresh;
    }
  };
  std::vector<Member> members_;
  LedgerTotals totals_;
};

}  // namespace culvert::load
