// The two MTUs that CONNECT announces, by the accounting that Cisco's note 116881 states.
#pragma once

#include <cstdint>
#include <optional>

namespace culvert::control {

struct MtuInputs {
  unsigned tcpmss = 1380;         // `sysopt connection tcpmss`; 0 = off
  unsigned interface_mtu = 1500;  // of the interface that the client came in on
  bool outer_v6 = false;
  std::optional<unsigned> base_mtu;        // the client's X-CSTP-Base-MTU: caps the path
  std::optional<unsigned> client_mtu;      // its X-CSTP-MTU: counts only without the other
  std::optional<unsigned> anyconnect_mtu;  // `anyconnect mtu`: caps both
  unsigned max_plaintext = 16384;          // of a TLS record
};

struct Mtus {
  uint16_t tls = 0;  // bytes of the largest inner packet
  uint16_t dtls = 0;
  friend bool operator==(const Mtus&, const Mtus&) = default;
};

// TLS: tcpmss - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash); 1380 gives 1347. DTLS: AES-CBC
// with SHA-1 in one datagram; 1500 gives 1418. Never less than 256, and never more than a record
// holds.
[[nodiscard]] Mtus announced_mtus(const MtuInputs& inputs) noexcept;

}  // namespace culvert::control
