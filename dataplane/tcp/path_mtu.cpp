// How large a segment the path takes: what routers say (RFC 1191 §6, RFC 8201, RFC 5927 §7), and what
// follows from large segments that get lost without a word (RFC 2923 §2.1, RFC 4821 §7.7).
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

namespace {

// After so many timeouts in a row of a large segment the path may be a black hole, as Linux thinks
// with tcp_mtu_probing=1 (tcp_retries1); after two more it is one even for kProbeMss.
constexpr uint8_t kSuspectAfter = 3;
constexpr uint8_t kStillAfter = 5;
constexpr uint32_t kProbeMss = 1024;  // IPv4: RFC 4821 §7.7, Linux's tcp_base_mss
constexpr uint32_t kLeastMss = 512;   // IPv4

uint32_t headers(const Connection& c) noexcept {
  const uint32_t ip = c.flow.local.is_v4() ? sizeof(dp::Ipv4Header) : sizeof(dp::Ipv6Header);
  return ip + uint32_t{sizeof(TcpHeader)};
}

// What is tried after `timeouts` in a row; 0: nothing.
uint32_t fallback_mss(const Connection& c, uint8_t timeouts) noexcept {
  if (timeouts == kSuspectAfter) {
    // Every path of IPv6 takes 1280 bytes (RFC 8200 §5).
    return c.flow.local.is_v4() ? kProbeMss : dp::kLeastPathMtu6 - headers(c);
  }
  return timeouts == kStillAfter && c.flow.local.is_v4() ? kLeastMss : 0;
}

}  // namespace

uint16_t Machine::path_mtu(const Connection& c) noexcept {
  return static_cast<uint16_t>(c.mss + headers(c));
}

void Machine::lower_mss(Connection& c, uint32_t mss, Time age) noexcept {
  c.mss = static_cast<uint16_t>(mss);
  c.congestion.set_mss(mss);
  arm(c, Timer::path, now_ + age);
}

void Machine::widen_path(Connection& c) noexcept {
  c.mss = c.full_mss;
  c.dont_fragment = true;
  c.congestion.set_mss(c.mss);
}

DropReason Machine::path_report(const dp::PathReport& report, Time now) noexcept {
  Connection* found = lookup(report.flow, table_.hash(report.flow));
  if (found == nullptr) return DropReason::icmp_no_flow;
  Connection& c = *found;
  const Seq seq{report.tcp_sequence};
  if (!c.synchronized() || c.state == State::time_wait || seq < c.snd_una || seq >= c.snd_nxt) {
    return DropReason::icmp_other_packet;
  }
  const uint32_t mss = report.mtu - headers(c);
  const bool fragments = report.below_floor && c.dont_fragment;
  if (mss >= c.mss && !fragments) return DropReason::icmp_mtu_ignored;
  now_ = now;
  if (fragments) c.dont_fragment = false;
  lower_mss(c, std::min<uint32_t>(mss, c.mss), dp::kPathReportAge);
  // RFC 1191 §6.4: again at once, and what came behind it too, which was as large.
  if (c.recovery == Recovery::fast) c.congestion.on_repaired();
  c.undo.possible = false;
  send_all_again(c);
  c.backoff = 0;
  arm_retransmit(c);
  activate(c);
  return DropReason::count_;
}

// At a timeout. What an outage looks like, too: then smaller segments cost little, and the next try
// of full ones comes by itself; each time it fails the pause doubles.
void Machine::look_for_black_hole(Connection& c) noexcept {
  const uint32_t mss = fallback_mss(c, c.retries);
  if (mss == 0 || mss >= c.mss || c.snd_wnd == 0) return;
  const SentRange* first = c.sent.front();
  // A segment that would fit even then is lost for another reason.
  if (std::min(first->end - first->start, payload_limit(c)) <= mss - (c.mss - payload_limit(c)))
    return;
  constexpr uint8_t kMostDoublings = 5;
  lower_mss(c, mss, dp::kPathReportAge << c.black_holes);
  if (c.black_holes < kMostDoublings) ++c.black_holes;
}

}  // namespace culvert::tcp
