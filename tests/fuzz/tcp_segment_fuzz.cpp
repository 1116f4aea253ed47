// A hostile peer and a careless reader against the TCP endpoint: any sequence of segments, calls
// and pauses. Afterwards no packet buffer may be missing.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <span>

#include "crypto/bytes.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "tests/fuzz/eal.hpp"

namespace {

using namespace culvert;
using dp::TcpHeader;

rte_mempool* pool = nullptr;

struct Session {
  dp::DropCounters drops;
  tcp::Time now = 1'000'000;
  dp::ConnId conn;
  uint32_t their_seq = 0;  // the last that the endpoint sent, so that inputs find the window
  uint32_t their_ack = 0;
};

void flush(void* arg, dp::Batch& batch) {
  auto& session = *static_cast<Session*>(arg);
  for (rte_mbuf* m : batch) {
    const auto* tcp = rte_pktmbuf_mtod_offset(m, const TcpHeader*, sizeof(dp::Ipv4Header));
    if ((tcp->flags & TcpHeader::kRst) == 0) {
      session.their_seq = tcp->seq + m->pkt_len - 20 - tcp->header_size() +
                          ((tcp->flags & (TcpHeader::kSyn | TcpHeader::kFin)) != 0 ? 1 : 0);
      session.their_ack = tcp->ack;
    }
    rte_pktmbuf_free(m);
  }
  batch.clear();
}

// Reads the next segment from the input; numbers are small distances from what the endpoint sent
// last.
rte_mbuf* segment(Reader& in, const Session& session) {
  const auto seq = in.u16(), ack = in.u16(), window = in.u16();
  const auto flags = in.u8(), size = in.u8(), option_words = in.u8();
  if (!option_words) return nullptr;
  const size_t option_size = std::min<size_t>((*option_words % 11u) * 4, in.left() / 4 * 4);
  const auto options = in.bytes(option_size);
  const size_t payload = *size < 200 ? *size : (*size - 199u) * 25;
  const size_t header = sizeof(TcpHeader) + option_size;
  rte_mbuf* m = rte_pktmbuf_alloc(pool);
  if (m == nullptr || !options) std::abort();
  auto* bytes = reinterpret_cast<uint8_t*>(
      rte_pktmbuf_append(m, static_cast<uint16_t>(20 + header + payload)));
  std::fill_n(bytes, 20 + header + payload, uint8_t{0});
  auto* ip = reinterpret_cast<dp::Ipv4Header*>(bytes);
  ip->src = 0x0a000002;
  ip->dst = 0x0a000001;
  auto* tcp = reinterpret_cast<TcpHeader*>(bytes + 20);
  tcp->src_port = static_cast<uint16_t>(1000 + (*flags >> 7));
  tcp->dst_port = uint16_t{443};
  tcp->seq = session.their_ack + static_cast<uint32_t>(static_cast<int16_t>(*seq) / 16);
  tcp->ack = session.their_seq + static_cast<uint32_t>(static_cast<int16_t>(*ack) / 16);
  tcp->offset_reserved = static_cast<uint8_t>((header / 4) << 4);
  tcp->flags = *flags & 0x3f;
  tcp->window = *window;
  std::copy(options->begin(), options->end(), bytes + 20 + sizeof(TcpHeader));
  m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  dp::meta(m) = {};
  dp::meta(m).family = 4;
  dp::meta(m).l3_size = 20;
  return m;
}

void act(tcp::Endpoint& endpoint, Session& session, uint8_t what, uint8_t amount) {
  static constexpr std::array<uint8_t, 4096> kBytes{};
  switch (what) {
    case 0: session.now += uint64_t{amount} * amount * 1000; break;
    case 1: (void)endpoint.send_copy(session.conn, std::span(kBytes).first(amount * 16u)); break;
    case 2:
      endpoint.consume(session.conn, std::min<uint32_t>(amount, endpoint.readable(session.conn)));
      break;
    case 3: endpoint.shutdown(session.conn); break;
    case 4: endpoint.release(session.conn); break;
    case 5: endpoint.abort(session.conn, session.now); break;
    case 6: {  // a router's word about a segment that the endpoint has sent, perhaps
      dp::PathReport report;
      report.flow = {dp::IpAddress::v4(0x0a000001), dp::IpAddress::v4(0x0a000002), 443, 1000};
      report.mtu = static_cast<uint16_t>(dp::kLeastPathMtu4 + amount * 4u);
      report.below_floor = amount == 0;
      report.tcp_sequence = session.their_seq - amount * 8u;
      (void)endpoint.path_report(report, session.now);
      break;
    }
    default: {
      const auto front = endpoint.front(session.conn);
      if (rte_mbuf* m = endpoint.take_front(session.conn, static_cast<uint32_t>(front.size()))) {
        rte_pktmbuf_free(m);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  fuzz::start_eal(128);
  pool = rte_pktmbuf_pool_create("fuzz", 4095, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  return pool == nullptr ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const unsigned before = rte_mempool_avail_count(pool);
  {
    Session session;
    tcp::EndpointConfig config;
    config.max_connections = 3;
    config.receive_buffer = 16 * 1024;
    config.send_buffer = 16 * 1024;
    config.pool = pool;
    tcp::Endpoint endpoint(config, {.multi_segment = size % 2 == 0}, session.drops,
                           {flush, &session});
    (void)endpoint.listen(dp::IpAddress::v4(0x0a000001), 443);
    Reader in({data, size});
    while (const auto what = in.u8()) {
      if (*what < 160) {
        rte_mbuf* m = segment(in, session);
        if (m == nullptr) break;
        endpoint.input({&m, 1}, session.now);
      } else {
        const auto amount = in.u8();
        if (!amount) break;
        act(endpoint, session, *what % 8, *amount);
      }
      if (*what % 4 != 0) endpoint.poll(session.now);  // sometimes several segments a burst
      for (tcp::Event e = endpoint.next_event(); e.conn.generation != 0;
           e = endpoint.next_event()) {
        session.conn = e.conn;
      }
      // Twice the receive and send buffers, in buffers of 2.3 KB, and what is on its way, for each
      // connection.
      if (endpoint.buffers_held() > 3 * 70 + dp::kBurst) std::abort();
    }
    endpoint.poll(session.now + 100'000'000);
  }
  if (rte_mempool_avail_count(pool) != before) std::abort();
  return 0;
}
