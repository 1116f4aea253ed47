// What routers say about packets of ours that were too large for them: to the connection or the
// tunnel that is quoted, whichever worker has it. Drops: icmp_malformed, icmp_no_flow,
// icmp_other_packet, icmp_mtu_ignored.
#include "dataplane/dtls/path_mtu.hpp"
#include "dataplane/ip/path_report.hpp"
#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

// A report lands where the hash of a router's address puts it, and who owns the quoted flow is not
// always a matter of arithmetic (a card's hash, a client that has moved): it goes round the workers
// once. meta.conn.generation counts those that it has passed.
bool Worker::ask_next_worker(rte_mbuf* report) noexcept {
  PacketMeta& packet = meta(report);
  const uint32_t passed =
      packet.handoff == Handoff::path_report ? packet.conn.generation + 1 : uint32_t{1};
  if (passed >= workers) return false;
  const auto next = static_cast<uint8_t>(index + 1 == workers ? 0 : index + 1);
  packet.handoff = Handoff::path_report;
  packet.conn = {next, 0, passed};
  hand_over(report, next);
  return true;
}

void Worker::take_path_reports() noexcept {
  for (rte_mbuf* m : path_reports) {
    PathReport report;
    DropReason reason = read_path_report(m, report);
    if (reason == DropReason::count_) {
      reason = report.protocol == IpProtocol::tcp ? tcp.path_report(report, now)
                                                  : dtls::path_report(dtls, report, now);
      if (reason == DropReason::icmp_no_flow && ask_next_worker(m)) continue;
    }
    if (reason == DropReason::count_) {
      rte_pktmbuf_free(m);  // it did its work
    } else {
      drop(drops, reason, m);
    }
  }
  path_reports.clear();
}

}  // namespace culvert::dp
