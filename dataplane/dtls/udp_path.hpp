// The IP and UDP headers of everything that goes to one client, made once.
#pragma once

#include <array>
#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dtls {

class UdpPath {
 public:
  static constexpr uint32_t kMaxHeader = sizeof(dp::Ipv6Header) + sizeof(dp::UdpHeader);

  void set(const dp::Flow& flow) noexcept;
  [[nodiscard]] uint32_t header_size() const noexcept { return size_; }
  // Puts the headers in front of `m`, which is a UDP payload with room for them, and asks the port
  // for the checksums. IPv4: with DF, because a client that measures the path must not be told
  // that its fragments arrive; `id` is the header's.
  //
  // The UDP checksum is filled in although RFC 768 lets IPv4 do without, and the tag protects more:
  // translators to IPv6 (RFC 7915 §4.5) may drop a datagram that has none.
  void prepend(rte_mbuf* m, uint16_t id) const noexcept;

 private:
  std::array<uint8_t, kMaxHeader> header_{};
  uint8_t size_ = 0;
  uint8_t l3_size_ = 0;
  bool v4_ = true;
  uint32_t pseudo_ = 0;  // sum over the pseudo header without the length, as it lies in memory
};

}  // namespace culvert::dtls
