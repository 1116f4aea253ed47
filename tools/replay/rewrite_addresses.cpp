// Addresses in IP headers, ARP, quoted packets and neighbour discovery.
#include "tools/replay/rewrite_addresses.hpp"

#include <optional>

#include "crypto/bytes.hpp"
#include "dataplane/packet/headers.hpp"
#include "tools/replay/checksum_change.hpp"

namespace culvert::replay {

namespace {

using dp::IpProtocol;

bool is(const Layers& layers, IpProtocol protocol) noexcept {
  return layers.protocol == static_cast<uint8_t>(protocol);
}

// The checksum field of a transport whose checksum has a pseudo header; null for others, and where there
// is none: UDP over IPv4 may go without (RFC 768).
uint8_t* pseudo_checksum(std::span<uint8_t> frame, const Layers& layers) noexcept {
  if (layers.transport_at == 0) return nullptr;
  uint8_t* transport = frame.data() + layers.transport_at;
  if (is(layers, IpProtocol::tcp)) return transport + offsetof(dp::TcpHeader, checksum);
  if (is(layers, IpProtocol::icmpv6)) return transport + offsetof(dp::Icmp6Header, checksum);
  if (!is(layers, IpProtocol::udp)) return nullptr;
  uint8_t* field = transport + offsetof(dp::UdpHeader, checksum);
  return load_be<uint16_t>(field) == 0 ? nullptr : field;
}

void apply_to_transport(const ChecksumChange& change, std::span<uint8_t> frame,
                        const Layers& layers) noexcept {
  uint8_t* field = pseudo_checksum(frame, layers);
  if (field == nullptr) return;
  change.apply(field);
  // In UDP 0 would mean that there is no checksum.
  if (is(layers, IpProtocol::udp) && load_be<uint16_t>(field) == 0) {
    store_be(field, uint16_t{0xffff});
  }
}

void map_ip_header(const AddressMap& map, std::span<uint8_t> frame, const Layers& layers) noexcept {
  const bool v4 = layers.network == Network::ipv4;
  const size_t size = v4 ? 4 : 16;
  uint8_t* header = frame.data() + layers.network_at;
  const std::span source(
      header + (v4 ? offsetof(dp::Ipv4Header, src) : offsetof(dp::Ipv6Header, src)), size);
  const std::span destination(source.data() + size, size);
  ChecksumChange ip, transport;
  ip.before(source);
  transport.before(source);
  ip.before(destination);
  if (!layers.routed) transport.before(destination);
  map.apply(source, Side::source);
  map.apply(destination, Side::destination);
  ip.after(source);
  transport.after(source);
  ip.after(destination);
  if (!layers.routed) transport.after(destination);
  if (v4) ip.apply(header + offsetof(dp::Ipv4Header, checksum));
  apply_to_transport(transport, frame, layers);
}

// How many bytes stand before the packet that an ICMP error quotes; 0 if it is no error.
uint32_t quote_at(const Layers& layers, uint8_t type) noexcept {
  constexpr uint8_t kUnreachable = 3, kQuench = 4, kRedirect = 5, kTimeExceeded = 11,
                    kParameter = 12;
  if (is(layers, IpProtocol::icmpv6)) {
    return type < dp::Icmp6Header::kFirstInformational ? sizeof(dp::Icmp6Header) : 0;
  }
  const bool error = type == kUnreachable || type == kQuench || type == kRedirect ||
                     type == kTimeExceeded || type == kParameter;
  return error ? sizeof(dp::IcmpHeader) : 0;
}

// The target of a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).
bool has_target(const Layers& layers, uint8_t type) noexcept {
  return is(layers, IpProtocol::icmpv6) && (type == dp::Icmp6Header::kNeighbourSolicitation ||
                                            type == dp::Icmp6Header::kNeighbourAdvertisement);
}

// What an ICMP message says of addresses. The message's own checksum follows.
void map_icmp(const AddressMap& map, std::span<uint8_t> frame, const Layers& layers) noexcept {
  if (layers.transport_at == 0) return;
  if (!is(layers, IpProtocol::icmp) && !is(layers, IpProtocol::icmpv6)) return;
  const std::span message = frame.subspan(layers.transport_at, layers.end - layers.transport_at);
  const uint8_t type = message[0];
  const std::span body = message.subspan(sizeof(dp::IcmpHeader));
  ChecksumChange change;
  change.before(body);
  if (has_target(layers, type) && body.size() >= 16) {
    map.apply(body.first(16), Side::both);
  } else if (quote_at(layers, type) != 0) {
    const Layers quoted = find_ip_layers(body, 0);
    if (quoted.network == Network::other) return;
    map_ip_header(map, body, quoted);
  } else {
    return;
  }
  change.after(body);
  change.apply(message.data() + offsetof(dp::IcmpHeader, checksum));
}

void map_arp(const AddressMap& map, std::span<uint8_t> frame, const Layers& layers) noexcept {
  uint8_t* arp = frame.data() + layers.network_at;
  constexpr uint16_t kEthernet = 1;
  if (load_be<uint16_t>(arp) != kEthernet ||
      load_be<uint16_t>(arp + 2) != static_cast<uint16_t>(dp::EtherType::ipv4)) {
    return;
  }
  map.apply({arp + offsetof(dp::ArpPacket, sender_ip), 4}, Side::source);
  map.apply({arp + offsetof(dp::ArpPacket, target_ip), 4}, Side::destination);
}

}  // namespace

void rewrite_addresses(const AddressMap& map, std::span<uint8_t> frame,
                       const Layers& layers) noexcept {
  switch (layers.network) {
    case Network::arp: map_arp(map, frame, layers); return;
    case Network::other: return;
    default: break;
  }
  map_ip_header(map, frame, layers);
  // Only the first fragment of a message shows what it is, and its checksum is over the others too: it
  // changes by what changes here.
  map_icmp(map, frame, layers);
}

}  // namespace culvert::replay
