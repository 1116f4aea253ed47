// One direction's decisions about each packet, in the order in which packets meet them on a real way:
// lost on the air, queued before the slow link, delayed, and perhaps overtaken or doubled.
//
// Reordering holds a share of the packets back. netem does the opposite and sends a share at once,
// ahead of all that are on their way: there each such packet jumps by the whole delay, so that a
// long way reorders by more than a short one, and nothing between 0 and a full delay can be asked
// for. Links that reorder (retransmission on a radio link, parallel paths) make a few packets late by
// some milliseconds, whatever the rest of the way takes.
#pragma once

#include <cstdint>

#include "tools/culvert-delay/bottleneck.hpp"
#include "tools/culvert-delay/chance.hpp"
#include "tools/culvert-delay/impairment.hpp"
#include "tools/culvert-delay/loss.hpp"

namespace culvert::delay {

enum class Fate : uint8_t { sent, held_back, lost, queue_full };

struct Verdict {
  Fate fate = Fate::sent;
  Nanoseconds due = 0;     // when it leaves the line, if it does
  bool duplicate = false;  // and a copy behind it
};

class Path {
 public:
  // Paths of one seed and direction treat the nth packet alike, if their queues are alike.
  Path(const Impairment& what, uint64_t seed, uint64_t direction) noexcept
      : what_(what),
        loss_(what.loss, what.loss_burst, Chance(seed, 4 * direction)),
        reorder_(seed, 4 * direction + 1),
        duplicate_(seed, 4 * direction + 2),
        bottleneck_(what.rate, what.queue) {}

  [[nodiscard]] Verdict next(uint32_t bytes, Nanoseconds now) noexcept {
    // All draws are made for all packets, so that the nth packet's luck is nobody else's doing.
    const bool lost = loss_.next();
    const bool late = reorder_.hits(what_.reorder);
    const bool twice = duplicate_.hits(what_.duplicate);
    if (lost) return {.fate = Fate::lost};
    const auto sent = bottleneck_.take(bytes, now);
    if (!sent) return {.fate = Fate::queue_full};
    return {.fate = late ? Fate::held_back : Fate::sent,
            .due = *sent + what_.delay + (late ? what_.held_back : 0),
            .duplicate = twice};
  }

  [[nodiscard]] const Bottleneck& bottleneck() const noexcept { return bottleneck_; }

 private:
  Impairment what_;
  Loss loss_;
  Chance reorder_, duplicate_;
  Bottleneck bottleneck_;
};

}  // namespace culvert::delay
