// The two MTUs that CONNECT announces, by three accountings, with every term of their derivation.
// Pure functions of what is known at CONNECT.
//
//   documented  what Cisco's note 116881 states. TLS: the MSS less 5 (TLS header), 8 (CSTP), 0
//               (padding) and 20 (hash), whatever was negotiated, so 1380 gives 1347. DTLS: AES-CBC
//               with SHA-1 in one datagram, so 1500 gives 1418.
//   asa         the same sums with the negotiated cipher's block, IV and hash, as an ASA prints
//               them in `debug webvpn anyconnect`: AES counts as a block cipher in GCM mode too.
//   exact       the largest inner packet whose record fits one TCP segment, or one UDP datagram.
//
// `asa` and `documented` may announce for TLS what needs two segments: TLS is a stream. A datagram
// has to fit, so no accounting announces more for DTLS than `exact` does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/mtu/cipher_shape.hpp"

namespace culvert::control {

enum class Accounting : uint8_t { documented, asa, exact };
[[nodiscard]] std::string_view to_string(Accounting accounting) noexcept;
[[nodiscard]] std::optional<Accounting> find_accounting(std::string_view name) noexcept;

enum class TlsVersion : uint8_t { tls10, tls11, tls12, tls13 };
// "tls1.2", "tlsv1.2" or "TLSv1.2".
[[nodiscard]] std::optional<TlsVersion> find_tls_version(std::string_view name) noexcept;

struct MtuInputs {
  Accounting accounting = Accounting::documented;
  TlsVersion version = TlsVersion::tls12;
  CipherShape tls_suite{};
  CipherShape dtls_suite{};       // of DTLS 1.2; the older DTLS has the same sizes
  unsigned tcpmss = 1380;         // `sysopt connection tcpmss`; 0 = off
  unsigned interface_mtu = 1500;  // bytes, of the interface that the client came in on
  bool outer_v6 = false;
  bool timestamps = false;               // TCP timestamps (RFC 7323): 12 bytes a segment
  std::optional<unsigned> client_mss{};  // of the client's SYN; `documented` does not ask for it
  std::optional<unsigned> base_mtu{};    // the client's X-CSTP-Base-MTU: caps the path
  std::optional<unsigned> client_mtu{};  // its X-CSTP-MTU: counts only without the other
  std::optional<unsigned> configured_mtu{};  // `anyconnect mtu`: caps both
  unsigned max_plaintext = 16384;            // bytes of a TLS record that the client takes
};

// One step of a derivation: what was done to the value before it, and what came out.
struct MtuTerm {
  enum class Kind : uint8_t { start, less, round_down, cap, raise };
  Kind kind = Kind::start;
  unsigned amount = 0;  // bytes; round_down: the block; cap and raise: the limit
  std::string label;    // "TLS header"
  unsigned result = 0;  // bytes, after this step
};

struct Derivation {
  std::vector<MtuTerm> terms;
  [[nodiscard]] unsigned result() const noexcept { return terms.back().result; }
  // "1380 - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash) = 1347"; rounding and caps begin a
  // new sum after "; ".
  [[nodiscard]] std::string text() const;
};

struct Mtus {
  uint16_t tls = 0;  // bytes of the largest inner packet
  uint16_t dtls = 0;
  Derivation tls_derivation{};
  Derivation dtls_derivation{};
  bool dtls_lowered = false;  // what the accounting gave would not have fitted the interface
};

// Never less than 256 for either, and never more than a record holds.
[[nodiscard]] Mtus announced_mtus(const MtuInputs& inputs);

// The largest inner packet whose DTLS 1.2 record fits one datagram on a path of so many bytes: what `exact`
// gives without caps. 0 if not even an empty one does. With encrypt-then-MAC, which is agreed on after
// the MTUs were announced, it may be less than what `exact` announced.
[[nodiscard]] unsigned largest_dtls_packet(unsigned path_mtu, bool outer_v6,
                                           const CipherShape& suite);

}  // namespace culvert::control
