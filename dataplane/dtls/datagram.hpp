// UDP datagrams to the box, of either IP version (RFC 768).
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"

namespace culvert::dtls {

struct Datagram {
  rte_mbuf* packet = nullptr;
  dp::Flow flow;
  uint32_t offset = 0;  // of the payload in the packet, which is contiguous up to its end
  uint32_t size = 0;    // of the payload, bytes

  [[nodiscard]] uint8_t* data() const noexcept {
    return rte_pktmbuf_mtod_offset(packet, uint8_t*, offset);
  }
};

// Reads the headers of a packet as classify() leaves it. False if the lengths do not agree, or if
// the datagram does not fit one buffer; `flow` is filled in even then if its ports could be read, and
// empty otherwise. The checksum is not looked at: a record's tag says more.
[[nodiscard]] bool read_datagram(rte_mbuf* m, Datagram& out) noexcept;

}  // namespace culvert::dtls
