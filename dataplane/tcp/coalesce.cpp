// Receive coalescing.
#include "dataplane/tcp/coalesce.hpp"

#include <algorithm>

namespace culvert::tcp {

namespace {

using dp::TcpHeader;

// As much as a card's LRO would put together.
constexpr uint32_t kMost = 65535;

bool plain(const Segment& s) noexcept {
  return (s.flags & ~TcpHeader::kPsh) == TcpHeader::kAck && s.size > 0 && s.options.sack_count == 0;
}

}  // namespace

bool coalesce(Segment& first, Segment& next) noexcept {
  if (next.seq != first.seq + first.size || !plain(first) || !plain(next)) return false;
  if (first.size + next.size > kMost || next.ack < first.ack || !(first.flow == next.flow))
    return false;
  if (first.options.has_timestamps != next.options.has_timestamps) return false;
  if (static_cast<int32_t>(next.options.ts_value - first.options.ts_value) < 0) return false;
  // Headers are cut off before buffers are chained; the first one's are where they were.
  if (rte_pktmbuf_adj(next.packet, next.headers) == nullptr) return false;
  if (rte_pktmbuf_chain(first.packet, next.packet) != 0) {
    (void)rte_pktmbuf_prepend(next.packet, next.headers);
    return false;
  }
  first.largest = std::max(first.largest, next.largest);
  first.size += next.size;
  first.ack = next.ack;
  first.window = next.window;
  first.flags |= next.flags;
  // What is echoed is the time of the oldest segment that an ACK answers (RFC 7323 §4.3).
  first.options.ts_echo = next.options.ts_echo;
  next.packet = nullptr;
  return true;
}

}  // namespace culvert::tcp
