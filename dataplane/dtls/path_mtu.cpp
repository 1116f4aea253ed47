#include "dataplane/dtls/path_mtu.hpp"

#include <algorithm>

namespace culvert::dtls {

namespace {

// Clients that look for the largest size that comes through pause for a second or two at each that
// does not.
constexpr Time kProbingOver = 5 * dp::kSecond;

}  // namespace

dp::DropReason path_report(Context& c, const dp::PathReport& report, Time now) noexcept {
  const Target target = c.receive.find_flow(c.receive.hash(report.flow), report.flow);
  if (target.side == nullptr || target.side->phase != Phase::open) {
    return dp::DropReason::icmp_no_flow;
  }
  ReceiveSide& s = *target.side;
  if (s.path_mtu != 0 && report.mtu >= s.path_mtu) return dp::DropReason::icmp_mtu_ignored;
  s.path_mtu = report.mtu;
  s.path_until = now + dp::kPathReportAge;
  c.receive.owe(s, owed::kPath);
  return dp::DropReason::count_;
}

// The first sizes of a search are no result: were they taken for one, senders inside would be told
// of an MTU that is far too small. A larger one than before always counts at once.
void note_probe(Context& c, ReceiveSide& s, uint32_t size, Time now) noexcept {
  if (size < kLeastProbe) return;
  s.last_probe = now;
  if (size <= s.largest_probe) return;
  s.largest_probe = static_cast<uint16_t>(std::min(size, 0xffffu));
  if (s.probed) {
    c.receive.owe(s, owed::kPath);
  } else {
    s.probing = true;
  }
}

void finish_probing(Context& c, ReceiveSide& s) noexcept {
  s.probing = false;
  s.probed = true;
  c.receive.owe(s, owed::kPath);
}

void check_path(Context& c, ReceiveSide& s, Time now) noexcept {
  if (s.probing && now - s.last_probe >= kProbingOver) finish_probing(c, s);
  if (s.path_mtu != 0 && now >= s.path_until) {
    s.path_mtu = 0;
    c.receive.owe(s, owed::kPath);
  }
}

}  // namespace culvert::dtls
