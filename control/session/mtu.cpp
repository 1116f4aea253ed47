// MTU arithmetic of Cisco's note 116881.
#include "control/session/mtu.hpp"

#include <algorithm>

namespace culvert::control {
namespace {

constexpr unsigned kTlsHeader = 5;
constexpr unsigned kCstpHeader = 8;
constexpr unsigned kDtlsHeader = 13;
constexpr unsigned kCdtpHeader = 1;
constexpr unsigned kUdpHeader = 8;
constexpr unsigned kTcpHeader = 20;
constexpr unsigned kSha1 = 20;
constexpr unsigned kAesBlock = 16;
constexpr unsigned kPaddingLength = 1;
// `anyconnect mtu` starts here, and no path that carries the handshake has less.
constexpr unsigned kLeast = 256;

constexpr unsigned less(unsigned value, unsigned overhead) noexcept {
  return value > overhead ? value - overhead : 0;
}

}  // namespace

Mtus announced_mtus(const MtuInputs& in) noexcept {
  const unsigned ip_header = in.outer_v6 ? 40 : 20;
  const unsigned path = std::min(in.interface_mtu, in.base_mtu.value_or(in.interface_mtu));
  const unsigned path_mss = less(path, ip_header + kTcpHeader);
  // Without the client's word the documented arithmetic starts from tcpmss alone.
  const unsigned mss = in.tcpmss == 0 ? path_mss
                       : in.base_mtu  ? std::min(in.tcpmss, path_mss)
                                      : in.tcpmss;
  unsigned tls = less(mss, kTlsHeader + kCstpHeader + kSha1);

  const unsigned blocks =
      less(path, ip_header + kUdpHeader + kDtlsHeader + kAesBlock) / kAesBlock * kAesBlock;
  unsigned dtls = less(blocks, kSha1 + kPaddingLength + kCdtpHeader);

  unsigned cap = less(in.max_plaintext, kCstpHeader);
  if (in.anyconnect_mtu) cap = std::min(cap, *in.anyconnect_mtu);
  if (in.client_mtu && !in.base_mtu) cap = std::min(cap, *in.client_mtu);
  tls = std::max(std::min(tls, cap), kLeast);
  dtls = std::max(std::min(dtls, cap), kLeast);
  return {static_cast<uint16_t>(tls), static_cast<uint16_t>(dtls)};
}

}  // namespace culvert::control
