// Sums over the captured bytes.
#include "tools/replay/fix_checksums.hpp"

#include <cstring>

#include <rte_ip.h>

#include "crypto/bytes.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::replay {

namespace {

using dp::IpProtocol;

// Where the checksum is behind the start of a transport header, and whether it has a pseudo header.
struct Field {
  size_t at = 0;
  bool pseudo = true;
};

bool find_field(uint8_t protocol, Field& field) noexcept {
  switch (static_cast<IpProtocol>(protocol)) {
    case IpProtocol::tcp: field = {offsetof(dp::TcpHeader, checksum), true}; return true;
    case IpProtocol::udp: field = {offsetof(dp::UdpHeader, checksum), true}; return true;
    case IpProtocol::icmp: field = {offsetof(dp::IcmpHeader, checksum), false}; return true;
    case IpProtocol::icmpv6: field = {offsetof(dp::Icmp6Header, checksum), true}; return true;
    default: return false;
  }
}

uint32_t pseudo_header(std::span<const uint8_t> frame, const Layers& layers) noexcept {
  struct {
    be32 length;
    be32 protocol;
  } const tail{layers.end - layers.transport_at, layers.protocol};
  const uint8_t* header = frame.data() + layers.network_at;
  const uint32_t addresses = layers.network == Network::ipv4
                                 ? rte_raw_cksum(header + offsetof(dp::Ipv4Header, src), 8)
                                 : rte_raw_cksum(header + offsetof(dp::Ipv6Header, src), 32);
  return addresses + rte_raw_cksum(&tail, sizeof tail);
}

void fix_transport(std::span<uint8_t> frame, const Layers& layers) noexcept {
  Field field;
  const bool whole = layers.transport_at != 0 && !layers.fragment && !layers.cut_off;
  if (!whole || layers.routed || !find_field(layers.protocol, field)) return;
  uint8_t* transport = frame.data() + layers.transport_at;
  const bool udp = layers.protocol == static_cast<uint8_t>(IpProtocol::udp);
  if (udp && layers.network == Network::ipv4 && load_be<uint16_t>(transport + field.at) == 0)
    return;
  std::memset(transport + field.at, 0, 2);
  uint32_t sum = rte_raw_cksum(transport, layers.end - layers.transport_at);
  if (field.pseudo) sum += pseudo_header(frame, layers);
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  auto checksum = static_cast<uint16_t>(~sum);
  if (udp && checksum == 0) checksum = 0xffff;
  std::memcpy(transport + field.at, &checksum, sizeof checksum);
}

}  // namespace

void fix_checksums(std::span<uint8_t> frame, const Layers& layers) noexcept {
  if (layers.network != Network::ipv4 && layers.network != Network::ipv6) return;
  if (layers.network == Network::ipv4) {
    dp::fill_ipv4_checksum(*reinterpret_cast<dp::Ipv4Header*>(frame.data() + layers.network_at));
  }
  fix_transport(frame, layers);
}

}  // namespace culvert::replay
