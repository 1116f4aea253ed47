// Explicit congestion notification on inner packets (RFC 3168 §5).
#pragma once

#include <rte_mbuf.h>

namespace culvert::dp {

// Marks the packet, IP header first, as one that met congestion, and mends the header's checksum.
// False, and nothing has changed, if its sender did not say that it listens for that (Not-ECT), or if
// the first segment holds no whole IP header. What is marked already counts as marked.
[[nodiscard]] bool mark_congestion(rte_mbuf* m) noexcept;

}  // namespace culvert::dp
