#include "bench/datapath/traffic.hpp"

#include <cstring>
#include <stdexcept>

#include "bench/crypto/rig.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::bench {

using crypto::record::ContentType;
using crypto::record::OpenStatus;
using dp::Ipv4Header;

void write_ipv4(uint8_t* at, uint32_t size, dp::IpProtocol protocol, uint32_t src,
                uint32_t dst) noexcept {
  Ipv4Header ip{.version_ihl = 0x45,
                .tos = 0,
                .total_length = static_cast<uint16_t>(size),
                .id = uint16_t{0},
                .fragment = Ipv4Header::kDontFragment,
                .ttl = 64,
                .protocol = static_cast<uint8_t>(protocol),
                .checksum = uint16_t{0},
                .src = src,
                .dst = dst};
  dp::fill_ipv4_checksum(ip);
  std::memcpy(at, &ip, sizeof ip);
}

Traffic::Traffic(Headend& headend, const crypto::Suite& suite, size_t sessions)
    : headend_(headend),
      suite_(suite),
      sessions_(sessions),
      room_(crypto::record::overhead(suite)),
      opened_(crypto::record::kMaxRecord) {
  const auto material = crypto::record::bench::bench_material(suite);
  if (!sealer_.install(headend.mb(), material) || !opener_.install(headend.mb(), material)) {
    throw std::runtime_error("the key material does not fit the suite");
  }
}

void Traffic::shape(bool up, uint32_t size) {
  up_ = up;
  size_ = size;
  expected_.resize(size);
  template_.resize(size);
  for (uint32_t i = 0; i < size; ++i)
    template_[i] = static_cast<uint8_t>(i * 7);
  const dp::UdpHeader udp{uint16_t{5001}, uint16_t{5001},
                          static_cast<uint16_t>(size - sizeof(Ipv4Header)), uint16_t{0}};
  std::memcpy(template_.data() + sizeof(Ipv4Header), &udp, sizeof udp);
}

void Traffic::write_inner(uint8_t* to, uint32_t session) noexcept {
  std::memcpy(to, template_.data(), size_);
  const uint32_t client = kFirstInner + session;
  write_ipv4(to, size_, dp::IpProtocol::udp, up_ ? client : kServerIp, up_ ? kServerIp : client);
}

void Traffic::check_inner(const uint8_t* packet, uint32_t size, uint32_t session) {
  write_inner(expected_.data(), session);
  if (size != size_ || std::memcmp(packet, expected_.data(), size) != 0) {
    throw std::runtime_error("a packet came out that did not go in");
  }
}

void Traffic::send(std::span<const uint32_t> sessions) {
  ++bursts_;
  burst_ = static_cast<uint32_t>(sessions.size());
  for (const uint32_t session : sessions) {
    if (up_) {
      send_up(session);
      continue;
    }
    rte_mbuf* m = headend_.buffer();
    write_inner(reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(size_))),
                session);
    headend_.give(Side::inside, m);
  }
}

uint32_t Traffic::seal(uint8_t* record, uint32_t payload_size, uint64_t sequence) {
  sealer_.sequence = sealer_.explicit_nonce = sequence;
  crypto::record::SealOp op{&sealer_, record, payload_size, ContentType::application_data, 0};
  crypto::record::seal(headend_.mb(), {&op, 1});
  if (op.record_size == 0) throw std::runtime_error("a client's record could not be sealed");
  return op.record_size;
}

std::span<const uint8_t> Traffic::open(const uint8_t* record, uint32_t size, uint64_t sequence) {
  opener_.sequence = sequence;
  opener_.held = false;
  crypto::record::OpenOp op{&opener_, record, size, opened_.data() + room_.prefix, 0, {}, {}};
  crypto::record::open(headend_.mb(), {&op, 1});
  if (op.status != OpenStatus::ok || op.type != ContentType::application_data) {
    throw std::runtime_error("a record came out that does not open");
  }
  return {op.payload, op.payload_size};
}

uint32_t Traffic::collect_inside() {
  uint32_t n = 0;
  while (rte_mbuf* m = headend_.take(Side::inside)) {
    const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
    const uint32_t size = m->pkt_len;
    if (size == size_ && is_sample(n)) {
      check_inner(rte_pktmbuf_mtod(m, const uint8_t*), size, ip->src - kFirstInner);
    }
    rte_pktmbuf_free(m);
    if (size != size_) throw std::runtime_error("a packet of another size came out");
    ++n;
  }
  return n;
}

dp::Flow Traffic::flow_of(uint32_t session) const noexcept {
  return {dp::IpAddress::v4(kOutsideIp), dp::IpAddress::v4(kFirstClient + session), kPort,
          static_cast<uint16_t>(40'000 + session % 20'000)};
}

uint32_t Traffic::client(uint32_t address) const {
  const uint32_t session = address - kFirstClient;
  if (session >= sessions_) throw std::runtime_error("a packet came out for nobody");
  return session;
}

void Traffic::publish(uint32_t session, const dp::Channel& channel) {
  dp::Session* s =
      headend_.dataplane().sessions().publish(inner_of(session), session + 1, 0, false);
  if (s == nullptr) throw std::runtime_error("the session table is full");
  s->channel.store(channel.word(), std::memory_order_release);
}

}  // namespace culvert::bench
