// The replay's own ways of finding and rewriting headers, with rules for one packet.
#include "tools/replay/tunnel/inner_packet.hpp"

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"
#include "tools/replay/layers.hpp"
#include "tools/replay/rewrite_addresses.hpp"

namespace culvert::replay {

namespace {

// What the header says of the whole packet's size; 0: nothing. IPv6 says 0 of no payload and of a jumbogram (RFC
// 2675), and only the first is as long as its header.
uint32_t stated_size(std::span<const uint8_t> frame, const Layers& layers) noexcept {
  const uint8_t* at = frame.data() + layers.network_at;
  if (layers.network == Network::ipv4)
    return reinterpret_cast<const dp::Ipv4Header*>(at)->total_length;
  const auto& ip = *reinterpret_cast<const dp::Ipv6Header*>(at);
  const bool jumbo =
      ip.payload_length == 0 && ip.next_header == static_cast<uint8_t>(dp::IpProtocol::hop_by_hop);
  return jumbo ? 0 : uint32_t{ip.payload_length} + uint32_t{sizeof(dp::Ipv6Header)};
}

}  // namespace

Ends ends_of(std::span<const uint8_t> packet) noexcept {
  if (packet[0] >> 4 == 4) {
    const auto& ip = *reinterpret_cast<const dp::Ipv4Header*>(packet.data());
    return {dp::IpAddress::v4(ip.src), dp::IpAddress::v4(ip.dst)};
  }
  const auto& ip = *reinterpret_cast<const dp::Ipv6Header*>(packet.data());
  return {dp::IpAddress::v6(ip.src), dp::IpAddress::v6(ip.dst)};
}

InnerPacket inner_packet_of(std::span<const uint8_t> frame) noexcept {
  const Layers layers = find_layers(frame);
  if (layers.network != Network::ipv4 && layers.network != Network::ipv6) return {};
  InnerPacket packet{.fitness = Fitness::not_whole};
  const uint32_t size = stated_size(frame, layers);
  const uint32_t header = layers.network == Network::ipv4 ? (frame[layers.network_at] & 0x0fu) * 4
                                                          : uint32_t{sizeof(dp::Ipv6Header)};
  if (size < header || size > frame.size() - layers.network_at) return packet;
  packet.bytes = frame.subspan(layers.network_at, size);
  packet.ends = ends_of(packet.bytes);
  packet.fitness =
      packet.ends.source == packet.ends.destination ? Fitness::one_address : Fitness::fit;
  return packet;
}

void readdress(std::span<uint8_t> packet, const Ends& to) {
  const Ends from = ends_of(packet);
  const bool v4 = packet[0] >> 4 == 4;
  const auto length = static_cast<uint8_t>(v4 ? 32 : 128);
  AddressMap map;
  map.add({Side::both, v4, length, from.source, to.source});
  map.add({Side::both, v4, length, from.destination, to.destination});
  rewrite_addresses(map, packet, find_ip_layers(packet, 0));
  if (v4) dp::fill_ipv4_checksum(*reinterpret_cast<dp::Ipv4Header*>(packet.data()));
}

}  // namespace culvert::replay
