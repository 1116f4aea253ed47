// Fragments to the box become whole packets again, within limits.
//
// In: the local_fragment edge. Out: the other local edges. Drops: fragment_failed (overlaps, more
// than 8 fragments, larger than an IP packet can be, not complete in time, too many at once). RFC
// 791 §3.2, RFC 815, RFC 8200 §4.5; RFC 5722's rule that overlaps are never accepted holds for IPv4
// too. The
// af_packet driver has the kernel reassemble instead, and cuts the result to its frame size.
#pragma once

#include <memory>

#include <rte_ip_frag.h>

#include "dataplane/ip/classify.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

struct ReassemblyConfig {
  uint32_t max_packets = 256;  // incomplete ones at a time, rounded up to a power of two
  Time timeout = 2 * kSecond;  // a LAN's fragments come together; RFC 1122 §3.3.2 thinks of more
};

// One worker's.
class Reassembly {
 public:
  // Throws std::runtime_error.
  Reassembly(const ReassemblyConfig& config, DropCounters& drops);

  // Empties `in`. What becomes whole goes to out.local(protocol), with room because it took a
  // fragment's place.
  void input(Batch& in, ClassifyEdges& out, Time now) noexcept;
  // Gives up on what is overdue. Once per loop.
  void poll(Time now) noexcept;

 private:
  struct Free {
    void operator()(rte_ip_frag_tbl* t) const noexcept { rte_ip_frag_table_destroy(t); }
  };
  [[nodiscard]] rte_mbuf* add4(rte_mbuf* m, Time now) noexcept;
  [[nodiscard]] rte_mbuf* add6(rte_mbuf* m, Time now) noexcept;
  void bury(uint32_t at_least) noexcept;

  std::unique_ptr<rte_ip_frag_tbl, Free> table_;
  rte_ip_frag_death_row graveyard_{};
  DropCounters* drops_;
  Time next_sweep_ = 0;
};

}  // namespace culvert::dp
