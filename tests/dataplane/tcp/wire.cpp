// The scripted wire: builds and reads segments with its own code, not the endpoint's.
#include "tests/dataplane/tcp/wire.hpp"

#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/packet/meta.hpp"

namespace culvert::tcp::test {

rte_mempool* test_pool() {
  static rte_mempool* pool =
      rte_pktmbuf_pool_create("tcp_test", 16383, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  return pool;
}

Wire::Wire(EndpointConfig config, Offload offload) {
  if (config.pool == nullptr) config.pool = test_pool();
  if (config.max_connections == EndpointConfig{}.max_connections) config.max_connections = 16;
  if (config.isn_key[0] == 0) config.isn_key[0] = 0x1234;
  available_at_start_ = rte_mempool_avail_count(test_pool());
  endpoint = std::make_unique<Endpoint>(config, offload, drops, SegmentSink{&Wire::flush, this});
  EXPECT_TRUE(endpoint->listen(default_flow().local, 443));
  poll();
}

Wire::~Wire() {
  endpoint.reset();
  if (check_leaks) {
    EXPECT_EQ(rte_mempool_avail_count(test_pool()), available_at_start_);
  }
}

dp::Flow Wire::default_flow(uint16_t port) {
  return {dp::IpAddress::v4(0xc6336401), dp::IpAddress::v4(0xc0000202), 443, port};
}

void Wire::flush(void* self, dp::Batch& batch) {
  for (rte_mbuf* m : batch) {
    static_cast<Wire*>(self)->collect(m);
  }
  batch.clear();
}

void Wire::collect(rte_mbuf* m) {
  ASSERT_NE(m, nullptr);
  std::string bytes;
  for (rte_mbuf* s = m; s != nullptr; s = s->next) {
    bytes.append(rte_pktmbuf_mtod(s, const char*), s->data_len);
  }
  ASSERT_EQ(bytes.size(), m->pkt_len);
  Sent sent;
  sent.at = now;
  const bool v4 = (bytes[0] >> 4) == 4;
  const size_t l3 = v4 ? 20 : 40;
  const auto* tcp = reinterpret_cast<const rte_tcp_hdr*>(bytes.data() + l3);
  if (v4) {
    const auto* ip = reinterpret_cast<const rte_ipv4_hdr*>(bytes.data());
    EXPECT_EQ(rte_be_to_cpu_16(ip->total_length), bytes.size());
    sent.ip_id = rte_be_to_cpu_16(ip->packet_id);
    sent.dont_fragment = ip->fragment_offset == rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    const bool cut = (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;  // by the port
    EXPECT_LE(cut ? m->l3_len + m->l4_len + m->tso_segsz : bytes.size(), 1500u);
    if ((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0) {
      EXPECT_EQ(rte_raw_cksum(ip, 20), 0xffff);
    }
    if ((m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) == 0) {
      EXPECT_EQ(rte_ipv4_udptcp_cksum(ip, tcp), 0);  // what a right checksum leaves
    } else {
      EXPECT_EQ(tcp->cksum, rte_ipv4_phdr_cksum(ip, m->ol_flags));
      EXPECT_EQ(m->l3_len, 20u);
      EXPECT_EQ(m->l4_len, static_cast<unsigned>(tcp->data_off >> 4) * 4);
    }
    sent.flow.local = dp::IpAddress::v4(rte_be_to_cpu_32(ip->src_addr));
    sent.flow.remote = dp::IpAddress::v4(rte_be_to_cpu_32(ip->dst_addr));
  } else {
    const auto* ip = reinterpret_cast<const rte_ipv6_hdr*>(bytes.data());
    EXPECT_EQ(rte_be_to_cpu_16(ip->payload_len) + 40u, bytes.size());
    EXPECT_EQ(rte_ipv6_udptcp_cksum(ip, tcp), 0);
  }
  sent.seq = Seq{rte_be_to_cpu_32(tcp->sent_seq)};
  sent.ack = Seq{rte_be_to_cpu_32(tcp->recv_ack)};
  sent.flags = tcp->tcp_flags;
  sent.window = rte_be_to_cpu_16(tcp->rx_win);
  sent.flow.local_port = rte_be_to_cpu_16(tcp->src_port);
  sent.flow.remote_port = rte_be_to_cpu_16(tcp->dst_port);
  const size_t header = static_cast<size_t>(tcp->data_off >> 4) * 4;
  const auto* options = reinterpret_cast<const uint8_t*>(tcp) + 20;
  EXPECT_TRUE(parse_options({options, header - 20}, sent.options));
  sent.data = bytes.substr(l3 + header);
  out.push_back(std::move(sent));
  rte_pktmbuf_free(m);
}

rte_mbuf* Wire::packet(const Given& g, const dp::Flow& flow) const {
  rte_mbuf* m = rte_pktmbuf_alloc(test_pool());
  const bool v4 = flow.local.is_v4();
  const size_t l3 = v4 ? 20 : 40;
  const size_t header = 20 + g.options.size();
  const size_t total = l3 + header + g.data.size();
  auto* bytes = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(total)));
  std::memset(bytes, 0, l3 + header);
  auto* tcp = reinterpret_cast<TcpHeader*>(bytes + l3);
  tcp->src_port = flow.remote_port;
  tcp->dst_port = flow.local_port;
  tcp->seq = g.seq.v;
  tcp->ack = g.ack.v;
  tcp->offset_reserved = static_cast<uint8_t>((header / 4) << 4);
  tcp->flags = g.flags;
  tcp->window = g.window;
  std::copy(g.options.begin(), g.options.end(), bytes + l3 + 20);
  std::copy(g.data.begin(), g.data.end(), bytes + l3 + header);
  uint16_t sum = 0;
  if (v4) {
    auto* ip = reinterpret_cast<dp::Ipv4Header*>(bytes);
    ip->version_ihl = 0x45;
    ip->total_length = static_cast<uint16_t>(total);
    ip->ttl = 64;
    ip->protocol = 6;
    ip->src = flow.remote.v4_value();
    ip->dst = flow.local.v4_value();
    sum = rte_ipv4_udptcp_cksum(reinterpret_cast<rte_ipv4_hdr*>(ip), tcp);
  } else {
    auto* ip = reinterpret_cast<dp::Ipv6Header*>(bytes);
    ip->version_class_flow = 6u << 28;
    ip->payload_length = static_cast<uint16_t>(total - 40);
    ip->next_header = 6;
    ip->hop_limit = 64;
    ip->src = flow.remote.bytes();
    ip->dst = flow.local.bytes();
    sum = rte_ipv6_udptcp_cksum(reinterpret_cast<rte_ipv6_hdr*>(ip), tcp);
  }
  std::memcpy(reinterpret_cast<uint8_t*>(tcp) + 16, &sum, 2);
  dp::meta(m) = {};
  dp::meta(m).family = v4 ? 4 : 6;
  dp::meta(m).l3_size = static_cast<uint16_t>(l3);
  return m;
}

void Wire::input(rte_mbuf* m) {
  endpoint->input({&m, 1}, now);
  poll();
}
DropReason Wire::report(const dp::Flow& flow, Seq seq, uint16_t mtu, bool below_floor) {
  dp::PathReport r;
  r.flow = flow;
  r.mtu = mtu;
  r.below_floor = below_floor;
  r.tcp_sequence = seq.v;
  const DropReason reason = endpoint->path_report(r, now);
  poll();
  return reason;
}
void Wire::give(const Given& g, const dp::Flow& flow) {
  input(packet(g, flow));
}
void Wire::give(const Given& g) {
  give(g, default_flow());
}
void Wire::poll() {
  endpoint->poll(now);
}

void Wire::run(Time duration) {
  const Time end = now + duration;
  poll();
  while (endpoint->next_deadline() <= end) {
    now = std::max(now, endpoint->next_deadline());
    poll();
  }
  now = end;
  poll();
}

Sent Wire::take() {
  if (out.empty()) {
    ADD_FAILURE() << "no segment left the endpoint";
    return {};
  }
  Sent s = out.front();
  out.pop_front();
  return s;
}

std::string Wire::read(dp::ConnId conn) {
  std::string all(endpoint->readable(conn), '\0');
  EXPECT_EQ(endpoint->peek(conn, 0, all.data(), static_cast<uint32_t>(all.size())), all.size());
  endpoint->consume(conn, static_cast<uint32_t>(all.size()));
  return all;
}

EndpointConfig backlog_of_one() {
  return {.max_connections = 8, .syn_backlog = 1};
}
void fill_backlog(Wire& wire) {
  wire.give({.seq = Seq{1}, .flags = kSyn}, Wire::default_flow(1));
  wire.forget();
}

std::vector<uint8_t> option_bytes(const OptionWriter& writer) {
  return {writer.bytes().begin(), writer.bytes().end()};
}

Peer::Peer(Wire& on, const Want& want)
    : wire(on),
      flow(Wire::default_flow(want.port)),
      isn(want.isn),
      timestamps(want.timestamps),
      window(want.window) {
  OptionWriter o;
  if (want.mss != 0) o.mss(want.mss);
  if (want.sack) o.sack_permitted();
  if (want.timestamps) o.timestamps(ts_now, 0);
  if (want.scale >= 0) o.window_scale(static_cast<uint8_t>(want.scale));
  wire.give({.seq = isn, .flags = kSyn, .window = window, .options = option_bytes(o)}, flow);
  syn_ack = wire.take();
  EXPECT_EQ(syn_ack.flags, kSyn | kAck);
  EXPECT_EQ(syn_ack.ack, isn + 1);
  iss = syn_ack.seq;
  ts_echo = syn_ack.options.ts_value;
  give(0, {}, 0);
  EXPECT_TRUE(wire.quiet());
  const Event e = wire.event();
  EXPECT_EQ(e.bits, event::kOpened);
  conn = e.conn;
  EXPECT_EQ(wire.endpoint->state(conn), State::established);
}

std::vector<uint8_t> Peer::stamp() {
  if (!timestamps) return {};
  OptionWriter o;
  o.timestamps(ts_now, ts_echo);
  return option_bytes(o);
}

Given Peer::segment(uint32_t at, std::string_view data, uint32_t acked, uint8_t flags) {
  return {.seq = isn + 1 + at,
          .ack = iss + 1 + acked,
          .flags = flags,
          .window = window,
          .data = data,
          .options = stamp()};
}

void Peer::give(uint32_t at, std::string_view data, uint32_t acked, uint8_t flags) {
  wire.give(segment(at, data, acked, flags), flow);
}

std::string pattern(size_t size, size_t from) {
  std::string s(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    s[i] = static_cast<char>(((from + i) * 2654435761u) >> 13);
  }
  return s;
}

}  // namespace culvert::tcp::test
