// Records gathered from the datagrams of many tunnels, opened in one burst.
#pragma once

#include <array>

#include "dataplane/dtls/context.hpp"
#include "dataplane/dtls/datagram.hpp"
#include "dataplane/dtls/record_walk.hpp"

namespace culvert::dtls {

class OpenBurst {
 public:
  explicit OpenBurst(Context& c) noexcept : c_(c), vaes_(c.mb.isa() == crypto::Isa::avx512) {}

  // Takes the datagram, whose flow leads to `side`, with every record in it.
  void add(const Datagram& datagram, ReceiveSide& side, Time now) noexcept;
  // Opens what was gathered and deals with it.
  void finish(Time now) noexcept;

 private:
  struct Entry {
    rte_mbuf* packet;  // holds the plaintext once it is opened, `offset` bytes in
    uint32_t offset;
    uint32_t slot;
    uint64_t number;
  };
  [[nodiscard]] bool wanted(ReceiveSide& side, const Record& record,
                            const rte_mbuf* packet) noexcept;
  void gather(const Datagram& datagram, uint32_t slot, const Record& record, bool last) noexcept;
  void opened(const Entry& entry, const crypto::record::OpenOp& op, Time now) noexcept;
  void cdtp_packet(ReceiveSide& side, const Entry& entry, uint32_t size, Time now) noexcept;

  Context& c_;
  const bool vaes_;
  uint32_t count_ = 0;
  std::array<crypto::record::OpenOp, dp::kBurst> ops_;
  std::array<Entry, dp::kBurst> entries_;
};

}  // namespace culvert::dtls
