// How large a datagram the path to a client takes, as far as this side learns it: routers say so, and
// the client measures (by DPD requests as large as a packet). What follows from it for inner packets is
// control's arithmetic, told by dtls_path.
#pragma once

#include "dataplane/dtls/context.hpp"
#include "dataplane/ip/path_report.hpp"

namespace culvert::dtls {

// A DPD request of so many bytes is there to measure the path; clients' ordinary ones have none.
inline constexpr uint32_t kLeastProbe = 512;

// A router's word about a datagram of one of our receive sides' flows. Returns DropReason::count_ if
// it was heeded, else why not: icmp_no_flow (it may be another worker's), icmp_mtu_ignored.
[[nodiscard]] dp::DropReason path_report(Context& c, const dp::PathReport& report,
                                         Time now) noexcept;

// A DPD request of `size` bytes behind the type byte came: an inner packet as large would have come, too.
void note_probe(Context& c, ReceiveSide& side, uint32_t size, Time now) noexcept;
// The client is through with measuring: it sends data.
void finish_probing(Context& c, ReceiveSide& side) noexcept;
// What time does: a client that measures and then is silent; reports that are old.
void check_path(Context& c, ReceiveSide& side, Time now) noexcept;

}  // namespace culvert::dtls
