#include "tests/tools/crowd_peer/inner_packets.hpp"

#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::crowd_peer {

namespace {

struct Label {
  uint32_t member, number;
};

uint8_t filler(const Label& label, size_t at) {
  return static_cast<uint8_t>(label.member * 31 + label.number * 7 + at);
}

uint32_t headers_of(const uint8_t* ip) {
  return (ip[0] >> 4 == 4 ? sizeof(dp::Ipv4Header) : sizeof(dp::Ipv6Header)) +
         uint32_t{sizeof(dp::UdpHeader)};
}

bool right(const rte_mbuf* m, uint32_t member) {
  const auto* ip = rte_pktmbuf_mtod(m, const uint8_t*);
  if (m->nb_segs != 1 || m->data_len < headers_of(ip) + sizeof(Label)) return false;
  const uint8_t* payload = ip + headers_of(ip);
  const size_t size = m->data_len - headers_of(ip);
  Label label;
  std::memcpy(&label, payload, sizeof label);
  if (label.member != member) return false;
  for (size_t i = sizeof label; i < size; ++i) {
    if (payload[i] != filler(label, i)) return false;
  }
  return true;
}

}  // namespace

rte_mbuf* make_packet(rte_mempool* pool, const dp::IpAddress& from, const dp::IpAddress& server,
                      uint32_t member, uint32_t number, uint16_t size) {
  rte_mbuf* m = rte_pktmbuf_alloc(pool);
  if (m == nullptr) return nullptr;
  auto* at = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, size));
  const uint32_t l3 = from.is_v4() ? sizeof(dp::Ipv4Header) : sizeof(dp::Ipv6Header);
  const auto udp_size = static_cast<uint16_t>(size - l3);
  constexpr auto kUdp = static_cast<uint8_t>(dp::IpProtocol::udp);
  if (from.is_v4()) {
    dp::Ipv4Header ip{.version_ihl = 0x45,
                      .tos = 0,
                      .total_length = size,
                      .id = static_cast<uint16_t>(number),
                      .fragment = dp::Ipv4Header::kDontFragment,
                      .ttl = 64,
                      .protocol = kUdp,
                      .checksum = uint16_t{0},
                      .src = from.v4_value(),
                      .dst = server.v4_value()};
    dp::fill_ipv4_checksum(ip);
    std::memcpy(at, &ip, sizeof ip);
  } else {
    const dp::Ipv6Header ip{.version_class_flow = 6u << 28,
                            .payload_length = udp_size,
                            .next_header = kUdp,
                            .hop_limit = 64,
                            .src = from.bytes(),
                            .dst = server.bytes()};
    std::memcpy(at, &ip, sizeof ip);
  }
  dp::UdpHeader udp{static_cast<uint16_t>(10000 + member % 50000), kEchoPort, udp_size,
                    uint16_t{0}};
  std::memcpy(at + l3, &udp, sizeof udp);
  const Label label{member, number};
  uint8_t* payload = at + l3 + sizeof udp;
  for (size_t i = 0; i < udp_size - sizeof udp; ++i)
    payload[i] = filler(label, i);
  std::memcpy(payload, &label, sizeof label);
  udp.checksum = dp::transport_checksum(m, l3);
  std::memcpy(at + l3, &udp, sizeof udp);
  return m;
}

void Echoes::take(std::span<const crowd::Arrival> arrivals) {
  for (const crowd::Arrival& a : arrivals) {
    Tally& tally = tallies_[2 * a.member + static_cast<uint32_t>(a.channel)];
    if (right(a.packet, a.member)) {
      ++tally.packets;
    } else {
      ++tally.wrong;
    }
    rte_pktmbuf_free(a.packet);
  }
}

}  // namespace culvert::crowd_peer
