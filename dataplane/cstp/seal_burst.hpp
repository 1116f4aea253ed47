// Inner packets to records, a burst at a time: of several tunnels, as they come.
#pragma once

#include <array>

#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

class SealBurst {
 public:
  SealBurst(Context& c, Time now) noexcept
      : c_(c), now_(now), vaes_(c.mb.isa() == crypto::Isa::avx512) {}
  SealBurst(const SealBurst&) = delete;
  SealBurst& operator=(const SealBurst&) = delete;

  // Whether TCP wants a record of `size` bytes now, and has room for it.
  [[nodiscard]] bool wants(Tunnel& t, uint32_t size) noexcept {
    if (t.burst_bytes == 0) {  // asked once a burst
      const ConnId conn = conn_of(c_, t);
      t.burst_wanted = c_.tcp.wanted_bytes(conn);
      t.burst_room = t.burst_wanted == 0 ? 0 : data_room(c_, conn);
    }
    return t.burst_bytes < t.burst_wanted && t.burst_bytes + size <= t.burst_room;
  }
  // A packet that record_fits(), for a tunnel that wants it. May finish().
  void add(Tunnel& t, rte_mbuf* m) noexcept;
  // Seals what there is and queues it. A tunnel may end by it.
  void finish() noexcept;

 private:
  void sent(Tunnel& t, const crypto::record::SealOp& op) noexcept;

  Context& c_;
  const Time now_;
  const bool vaes_;
  uint32_t last_ = UINT32_MAX;  // slot of the packet before
  uint32_t count_ = 0;
  std::array<crypto::record::SealOp, dp::kBurst> ops_;
  std::array<rte_mbuf*, dp::kBurst> records_;
};

// Whether the packet's buffer has room around it for the record.
[[nodiscard]] bool record_fits(const Tunnel& t, const rte_mbuf* m) noexcept;

// Drops a packet that was to go down the tunnel.
void refuse_down(Context& c, Tunnel& t, dp::DropReason reason, rte_mbuf* m) noexcept;

}  // namespace culvert::cstp
