// What the peer has selectively acknowledged of our data (RFC 2018 §5, RFC 6675 §3): disjoint
// ranges, lowest first.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class Scoreboard {
 public:
  // More ranges than this are forgotten, which is safe: SACK is advice (RFC 2018 §8).
  static constexpr uint32_t kRanges = 32;
  static constexpr uint32_t kDupThresh = 3;

  void clear() noexcept { count_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  // A block from the wire; `una` and `nxt` bound what is believed. True if it told something new.
  bool add(SackBlock block, Seq una, Seq nxt) noexcept;
  // The cumulative ACK moved to `una`.
  void acknowledge(Seq una) noexcept;
  [[nodiscard]] uint32_t sacked_bytes() const noexcept;
  // One past the highest byte that is known to have arrived; only if not empty().
  [[nodiscard]] Seq highest() const noexcept { return ranges_[count_ - 1u].end; }
  // RFC 6675 §4 IsLost() for all bytes at once: what is not SACKed below this edge is lost. `una`
  // if nothing is.
  [[nodiscard]] Seq lost_edge(Seq una, uint32_t mss) const noexcept;
  // The first bytes in [from, to) that are not SACKed; start == end if there are none.
  [[nodiscard]] SackBlock next_hole(Seq from, Seq to) const noexcept;
  // How many bytes in [from, to) are not SACKed.
  [[nodiscard]] uint32_t hole_bytes(Seq from, Seq to) const noexcept;
  // RFC 2018 §8: the peer has thrown away data that it had reported.
  [[nodiscard]] bool reneged(Seq una) const noexcept {
    return count_ > 0 && ranges_[0].start == una;
  }

 private:
  std::array<SackBlock, kRanges> ranges_;
  uint32_t count_ = 0;
};

}  // namespace culvert::tcp
