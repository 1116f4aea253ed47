// Clients with a TLS tunnel over a TCP connection each. Their TCP is a few words of state: nothing is
// lost or reordered between these ports, so it needs no more. It acknowledges every second segment,
// with the headend's next pass.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "bench/crypto/rig.hpp"
#include "bench/datapath/traffic.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::bench {
namespace {

using dp::Ipv4Header;
using dp::MessageKind;
using dp::TcpHeader;

constexpr uint16_t kCstpMtu = 1427;
constexpr uint16_t kMss = 1460;
constexpr uint32_t kFullSegment = kMss - tcp::kTimestampBytes;
constexpr uint8_t kWindowScale = 7;

struct Client {
  uint64_t sealed = 0;  // records
  uint64_t opened = 0;
  uint32_t snd_nxt = 1000;
  uint32_t rcv_nxt = 0;
  uint32_t ts_recent = 0;
  uint32_t partial = 0;         // bytes of a record that has not come whole yet
  uint32_t unacknowledged = 0;  // segments
};

class CstpClients : public Traffic {
 public:
  CstpClients(Headend& headend, const crypto::Suite& suite, size_t sessions)
      : Traffic(headend, suite, sessions), clients_(sessions), record_(crypto::record::kMaxRecord) {
    headend_.tell(MessageKind::listen, [&](dp::Message& m) { m.flow = flow_of(0); });
    for (uint32_t i = 0; i < sessions; ++i) {
      segment(i, TcpHeader::kSyn, {});
      headend_.pass();
      answer_syn_ack(i);
      headend_.pass();
      hear();
    }
    for (unsigned i = 0; promoted_ < sessions; ++i) {
      if (i == 1000) throw std::runtime_error("not all TLS tunnels were set up");
      headend_.pass();
      hear();
    }
  }

  void shape(bool up, uint32_t size) override {
    Traffic::shape(up, size);
    record_size_ = crypto::record::record_size(suite_, framing() + size);
  }

  [[nodiscard]] uint32_t collect() override {
    const uint32_t up = collect_inside();
    uint32_t down = 0;
    uint32_t position = 0;
    while (rte_mbuf* m = headend_.take(Side::outside)) {
      down += received(m, position++);
      rte_pktmbuf_free(m);
    }
    // The ring that they came from takes the answers.
    for (const uint32_t session : to_acknowledge_)
      segment(session, TcpHeader::kAck, {});
    to_acknowledge_.clear();
    return up_ ? up : down;
  }
  [[nodiscard]] uint32_t framing() const noexcept override { return cstp::kHeaderSize; }
  [[nodiscard]] uint32_t train() const noexcept override { return 2; }

 private:
  void segment(uint32_t session, uint8_t flags, std::span<const uint8_t> payload) {
    Client& c = clients_[session];
    tcp::OptionWriter options;
    if ((flags & TcpHeader::kSyn) != 0) {
      options.mss(kMss);
      options.sack_permitted();
      options.timestamps(headend_.milliseconds(), 0);
      options.window_scale(kWindowScale);
    } else {
      options.timestamps(headend_.milliseconds(), c.ts_recent);
    }
    const uint32_t head = sizeof(TcpHeader) + options.size();
    const auto size = static_cast<uint32_t>(sizeof(Ipv4Header) + head + payload.size());
    rte_mbuf* m = headend_.buffer();
    auto* at = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(size)));
    const dp::Flow flow = flow_of(session);
    write_ipv4(at, size, dp::IpProtocol::tcp, flow.remote.v4_value(), kOutsideIp);
    at += sizeof(Ipv4Header);
    const TcpHeader tcp{.src_port = flow.remote_port,
                        .dst_port = flow.local_port,
                        .seq = c.snd_nxt,
                        .ack = c.rcv_nxt,
                        .offset_reserved = static_cast<uint8_t>(head / 4 << 4),
                        .flags = flags,
                        .window = uint16_t{65535},
                        .checksum = uint16_t{0},
                        .urgent = uint16_t{0}};
    std::memcpy(at, &tcp, sizeof tcp);
    std::memcpy(at + sizeof tcp, options.bytes().data(), options.size());
    if (!payload.empty()) std::memcpy(at + head, payload.data(), payload.size());
    c.snd_nxt += static_cast<uint32_t>(payload.size()) + ((flags & TcpHeader::kSyn) != 0 ? 1 : 0);
    c.unacknowledged = 0;
    headend_.give(Side::outside, m);
  }

  void answer_syn_ack(uint32_t session) {
    rte_mbuf* m = nullptr;
    const TcpHeader* tcp = nullptr;
    do {  // those before may hear that they have more room now that they are tunnels
      rte_pktmbuf_free(m);
      m = headend_.take(Side::outside);
      if (m == nullptr) throw std::runtime_error("a client got no SYN-ACK");
      tcp = rte_pktmbuf_mtod_offset(m, const TcpHeader*, sizeof(Ipv4Header));
    } while ((tcp->flags & TcpHeader::kSyn) == 0);
    clients_[session].rcv_nxt = tcp->seq + 1;
    note_timestamp(clients_[session], *tcp);
    rte_pktmbuf_free(m);
    segment(session, TcpHeader::kAck, {});
  }

  static void note_timestamp(Client& c, const TcpHeader& tcp) {
    tcp::Options options;
    const auto* bytes = reinterpret_cast<const uint8_t*>(&tcp);
    if (!tcp::parse_options({bytes + sizeof tcp, tcp.header_size() - sizeof tcp}, options) ||
        !options.has_timestamps) {
      throw std::runtime_error("a segment came out without timestamps");
    }
    c.ts_recent = options.ts_value;
  }

  void hear() {
    std::vector<std::pair<uint32_t, dp::ConnId>> opened;
    headend_.listen([&](const dp::Message& m) {
      promoted_ += m.kind == MessageKind::promoted;
      if (m.kind == MessageKind::opened) {
        opened.emplace_back(client(m.flow.remote.v4_value()), m.conn);
      } else if (m.kind == MessageKind::ended) {
        throw std::runtime_error("a tunnel ended while it was set up");
      }
    });
    for (const auto& [session, conn] : opened) {
      headend_.tell(MessageKind::promote, [&, &at = conn, i = session](dp::Message& m) {
        m.conn = at;
        m.promotion.inner = inner_of(i);
        m.promotion.rx = m.promotion.tx = crypto::record::bench::bench_material(suite_);
        m.promotion.dpd_interval_s = m.promotion.keepalive_s = 0;
      });
      publish(session, dp::Channel(dp::Channel::Kind::tls, conn, kCstpMtu));
    }
  }

  void send_up(uint32_t session) override {
    uint8_t* const payload = record_.data() + room_.prefix;
    cstp::write_header(payload, cstp::PacketType::data, static_cast<uint16_t>(size_));
    write_inner(payload + framing(), session);
    const uint32_t size = seal(record_.data(), framing() + size_, clients_[session].sealed++);
    for (uint32_t sent = 0; sent < size; sent += kFullSegment) {
      const uint32_t part = std::min(size - sent, kFullSegment);
      segment(session, TcpHeader::kAck | TcpHeader::kPsh, {record_.data() + sent, part});
    }
  }

  // Returns how many records it ends.
  uint32_t received(rte_mbuf* m, uint32_t position) {
    const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
    const auto* tcp = rte_pktmbuf_mtod_offset(m, const TcpHeader*, sizeof *ip);
    const uint32_t session = client(ip->dst);
    Client& c = clients_[session];
    const auto head = static_cast<uint32_t>(sizeof *ip) + tcp->header_size();
    const uint32_t size = m->pkt_len - head;
    if ((tcp->flags & ~TcpHeader::kPsh) != TcpHeader::kAck) {
      throw std::runtime_error("a TCP connection ended");
    }
    // A machine with other work holds this process up for longer than a tail probe waits (RFC 8985 §7): what comes
    // twice is taken once.
    if (size > 0 && tcp::Seq{tcp->seq} + size <= tcp::Seq{c.rcv_nxt}) return 0;
    if (tcp->seq != c.rcv_nxt) throw std::runtime_error("a segment came out of order");
    note_timestamp(c, *tcp);
    if (size == 0) return 0;
    if (c.partial == 0 && size >= record_size_ && is_sample(position)) look_at(m, head, session);
    c.rcv_nxt += size;
    if (++c.unacknowledged == 2) to_acknowledge_.push_back(session);
    const uint32_t records = (c.partial + size) / record_size_;
    c.partial = (c.partial + size) % record_size_;
    c.opened += records;
    return records;
  }

  void look_at(const rte_mbuf* m, uint32_t offset, uint32_t session) {
    const void* record = rte_pktmbuf_read(m, offset, record_size_, record_.data());
    const auto payload =
        open(static_cast<const uint8_t*>(record), record_size_, clients_[session].opened);
    check_inner(payload.data() + framing(), static_cast<uint32_t>(payload.size()) - framing(),
                session);
  }

  std::vector<Client> clients_;
  std::vector<uint8_t> record_;
  std::vector<uint32_t> to_acknowledge_;
  uint32_t record_size_ = 0;
  size_t promoted_ = 0;
};

}  // namespace

std::unique_ptr<Traffic> make_cstp(Headend& headend, const crypto::Suite& suite, size_t sessions) {
  return std::make_unique<CstpClients>(headend, suite, sessions);
}

}  // namespace culvert::bench
