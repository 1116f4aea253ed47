// Clients with a DTLS tunnel each, as AnyConnect's are: one packet a record, one record a datagram.
#include <cstring>
#include <stdexcept>

#include "bench/crypto/rig.hpp"
#include "bench/datapath/traffic.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::bench {
namespace {

using crypto::record::dtls_sequence;
using dp::MessageKind;

constexpr uint16_t kDtlsMtu = 1406;
constexpr uint32_t kHeaders = sizeof(dp::Ipv4Header) + sizeof(dp::UdpHeader);

class DtlsClients : public Traffic {
 public:
  DtlsClients(Headend& headend, const crypto::Suite& suite, size_t sessions)
      : Traffic(headend, suite, sessions), numbers_(sessions) {
    headend_.tell(MessageKind::listen_dtls, [&](dp::Message& m) { m.flow = flow_of(0); });
    for (uint32_t i = 0; i < sessions; ++i) {
      install(i, MessageKind::install_dtls_tx, dp::DtlsSide::transmit);
      install(i, MessageKind::install_dtls_rx, dp::DtlsSide::receive);
      hear();
      publish(i, dp::Channel(dp::Channel::Kind::dtls, conn_of(i), kDtlsMtu));
    }
    for (unsigned i = 0; installed_ < 2 * sessions; ++i) {
      if (i == 1000) throw std::runtime_error("not all DTLS tunnels were installed");
      headend_.pass();
      hear();
    }
  }

  [[nodiscard]] uint32_t collect() override {
    if (up_) return collect_inside();
    uint32_t n = 0;
    while (rte_mbuf* m = headend_.take(Side::outside)) {
      look_at(m, n++);
      rte_pktmbuf_free(m);
    }
    return n;
  }
  [[nodiscard]] uint32_t framing() const noexcept override { return 1; }
  [[nodiscard]] uint32_t train() const noexcept override { return 1; }

 private:
  static dp::ConnId conn_of(uint32_t session) noexcept { return {0, session, 1}; }

  void install(uint32_t session, MessageKind kind, dp::DtlsSide side) {
    headend_.tell(kind, [&](dp::Message& m) {
      m.side = side;
      m.conn = conn_of(session);
      m.flow = flow_of(session);
      m.dtls.inner = inner_of(session);
      m.dtls.keys = crypto::record::bench::bench_material(suite_);
      m.dtls.transmit = conn_of(session);
      m.dtls.dpd_interval_s = 0;
      m.dtls.keepalive_s = 0;
    });
  }
  void hear() {
    headend_.listen(
        [this](const dp::Message& m) { installed_ += m.kind == MessageKind::dtls_installed; });
  }

  void send_up(uint32_t session) override {
    rte_mbuf* m = headend_.buffer();
    auto* packet = reinterpret_cast<uint8_t*>(
        rte_pktmbuf_append(m, static_cast<uint16_t>(kHeaders + room_.total() + framing() + size_)));
    uint8_t* const record = packet + kHeaders;
    uint8_t* const payload = record + room_.prefix;
    payload[0] = static_cast<uint8_t>(cstp::PacketType::data);
    write_inner(payload + framing(), session);
    const uint32_t size = seal(record, framing() + size_, dtls_sequence(1, ++numbers_[session]));
    rte_pktmbuf_trim(m, static_cast<uint16_t>(m->pkt_len - kHeaders - size));
    const dp::Flow flow = flow_of(session);
    const dp::UdpHeader udp{flow.remote_port, flow.local_port,
                            static_cast<uint16_t>(sizeof(dp::UdpHeader) + size), uint16_t{0}};
    std::memcpy(packet + sizeof(dp::Ipv4Header), &udp, sizeof udp);
    write_ipv4(packet, kHeaders + size, dp::IpProtocol::udp, flow.remote.v4_value(), kOutsideIp);
    headend_.give(Side::outside, m);
  }

  void look_at(rte_mbuf* m, uint32_t position) {
    const uint32_t wanted = kHeaders + crypto::record::record_size(suite_, framing() + size_);
    if (m->pkt_len != wanted) throw std::runtime_error("a datagram of another size came out");
    if (!is_sample(position)) return;
    const auto* packet = rte_pktmbuf_mtod(m, const uint8_t*);
    const uint32_t session = client(reinterpret_cast<const dp::Ipv4Header*>(packet)->dst);
    const auto payload = open(packet + kHeaders, wanted - kHeaders, dtls_sequence(1, 0));
    check_inner(payload.data() + framing(), static_cast<uint32_t>(payload.size()) - framing(),
                session);
  }

  std::vector<uint64_t> numbers_;  // of the last record that each client has sealed
  size_t installed_ = 0;
};

}  // namespace

std::unique_ptr<Traffic> make_dtls(Headend& headend, const crypto::Suite& suite, size_t sessions) {
  return std::make_unique<DtlsClients>(headend, suite, sessions);
}

}  // namespace culvert::bench
